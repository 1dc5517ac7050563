"""The values that cross the boundaries: frozen, and without a client, a server or a clock."""
