"""What the code under test did with the failures that it met. Pure: from the journal alone."""
