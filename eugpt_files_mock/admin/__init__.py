"""Control over HTTP, under `/__admin` of a served mock, and the page for people."""
