"""Third-party tools that stand in a client's way, each as one row of a table: `table.TOOLS`."""
