"""In-process clients: requests to our URLs are answered without a network."""
