"""A real endpoint held against a profile: what it does, row by row, and a file of what was seen."""
