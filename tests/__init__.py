"""The tests; their names are those of the modules."""
