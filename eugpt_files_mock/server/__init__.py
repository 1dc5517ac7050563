"""The port: a server in threads over `protocol/`, and the WSGI application for other servers."""
