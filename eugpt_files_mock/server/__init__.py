"""The port: sockets, connections in threads, and the WSGI application that they serve."""
