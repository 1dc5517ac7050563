"""The sweep: every failure, at every call of the code under test, each judged by what is left."""
