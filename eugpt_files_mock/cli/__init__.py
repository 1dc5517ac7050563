"""The command `eugpt-files-mock`."""
