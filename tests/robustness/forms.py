"""Upload forms, written by hand, so that a test can say what is wrong with them."""

from __future__ import annotations

BOUNDARY = b"the-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY.decode()}"
PURPOSE = b'Content-Disposition: form-data; name="purpose"'
FILE = b'Content-Disposition: form-data; name="file"; filename="a.txt"'


def form(*parts: tuple[bytes, bytes], boundary: bytes = BOUNDARY) -> bytes:
    """A complete form of these parts: header lines, and content."""
    lines = b"".join(
        b"--" + boundary + b"\r\n" + headers + b"\r\n\r\n" + content + b"\r\n"
        for headers, content in parts
    )
    return lines + b"--" + boundary + b"--\r\n"


def upload_form(file_headers: bytes = FILE, content: bytes = b"content") -> bytes:
    """A form that is complete but for what the headers of its file part say."""
    return form((PURPOSE, b"assistants"), (file_headers, content))
