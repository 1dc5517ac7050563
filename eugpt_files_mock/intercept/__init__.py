"""In process: what client libraries send to our URLs is answered by the mock.

A client is a module here, and a row of this table.
"""

CLIENTS = {
    "httpx": "on_httpx",
    "httpx2": "on_httpx",
    "urllib3": "on_urllib3",
    "requests": "on_requests",
    "aiohttp": "on_aiohttp",
    "uvloop": "network_guard",
}
"""Library → the module of ours that patches it. `http.client`, which comes with Python, is patched
always. uvloop is an event loop, which only has to be guarded.
"""
