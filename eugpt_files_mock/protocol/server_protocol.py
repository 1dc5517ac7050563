"""The state of one connection, seen from the server: what has come, and what it amounts to."""

from __future__ import annotations

import re

import h11

from .body import ChunkedBody, InvalidChunk, SizedBody
from .received import ReceivedRequest, UnreadableRequest

__all__ = ["MAX_HEADERS", "MAX_HEAD_BYTES", "ServerProtocol", "head_refusal"]

MAX_HEAD_BYTES = 65_536
"""For the target, and for all headers together (`http.server`: for each line)."""

MAX_HEADERS = 100
"""As in `http.client`."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/[0-9]\.[0-9]\r?")

Headers = tuple[tuple[str, str], ...]


class ServerProtocol:
    """One connection.

    Attributes:
        is_closed: no request will come any more: the client has closed its end, or the last
            request was one after which the connection isn't kept.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._at_end = False
        self._expects_continue = False
        self._begin(b"")

    def receive_data(self, data: bytes) -> None:
        """Take what has come; `b""` says that nothing more will."""
        if self.is_closed:
            return
        if not data:
            self._at_end = True
        elif self._body is not None:
            self._body.receive_data(data)
        else:
            self._receive_head(data)

    def data_to_send(self) -> bytes:
        """What must be sent before more is received: `100 Continue`, once, or nothing."""
        if not self._expects_continue or self._body is None or self._body.has_begun:
            return b""
        self._expects_continue = False
        return _CONTINUE

    def next_request(self) -> ReceivedRequest | UnreadableRequest | None:
        """The next request that has come as a whole; None if more data is needed, or none comes."""
        if self.is_closed:
            return None
        if self._body is None:
            refused = self._read_head()
            if refused is not None:
                self.is_closed = True
                return refused
        return self._read_body()

    def _begin(self, data: bytes) -> None:
        """Forget the last request, and go on with what came after it."""
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * MAX_HEAD_BYTES)
        self._head: h11.Request | None = None
        self._body: SizedBody | ChunkedBody | None = None
        self._expects_continue = False
        self._has_begun = False
        self._line_is_checked = False
        if data:
            self._receive_head(data)

    def _receive_head(self, data: bytes) -> None:
        if not self._has_begun:
            data = data.lstrip(b"\r\n")  # empty lines before a request are ignored (RFC 9112, 2.2)
            self._has_begun = bool(data)
        if data:
            self._http.receive_data(data)

    def _read_head(self) -> UnreadableRequest | None:
        try:
            event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            return self._unreadable(error)
        if isinstance(event, h11.Request):
            return self._accept(event)
        if self._at_end:
            self.is_closed = True  # a head that breaks off is no request
            return None
        return self._check_line()

    def _check_line(self) -> UnreadableRequest | None:
        """h11 reads a head when it is whole. A client of HTTP/0.9 sends its first line only, and
        would wait for ever.
        """
        if self._line_is_checked:
            return None
        line, newline, _ = self._http.trailing_data[0].partition(b"\n")
        self._line_is_checked = bool(newline)
        if newline and not _REQUEST_LINE.fullmatch(line):
            return UnreadableRequest(status=400, message=_NOT_HTTP.format("illegal request line"))
        return None

    def _accept(self, head: h11.Request) -> UnreadableRequest | None:
        """Begin the body of this request, unless its head is refused."""
        method, target = head.method.decode("ascii"), head.target.decode("ascii")
        headers = _decoded(head)
        refused = head_refusal(method, target, headers) or _version_refusal(head, method, target)
        if refused is None:
            self._head, self._headers = head, headers
            self._expects_continue = self._http.they_are_waiting_for_100_continue
            self._body = self._body_of(head)
        return refused

    def _body_of(self, head: h11.Request) -> SizedBody | ChunkedBody:
        framing, data = dict(head.headers), self._http.trailing_data[0]
        if b"transfer-encoding" in framing:
            return ChunkedBody(data)
        return SizedBody(int(framing.get(b"content-length", 0)), data)

    def _read_body(self) -> ReceivedRequest | None:
        body = self._body
        if body is None:
            return None
        try:
            is_complete = body.is_whole()
        except InvalidChunk:
            return self._finish(body=None)
        if not is_complete:
            return self._finish(body=None) if self._at_end else None
        return self._finish(body=body)

    def _finish(self, *, body: SizedBody | ChunkedBody | None) -> ReceivedRequest:
        head = self._head
        assert head is not None  # noqa: S101 - a body begins with its head
        is_persistent = body is not None and _is_persistent(head)
        request = ReceivedRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("ascii"),
            headers=self._headers,
            body=b"" if body is None else body.content(),
            http_version=head.http_version.decode("ascii"),
            is_persistent=is_persistent,
            is_complete=body is not None,
        )
        self._begin(body.rest if body is not None and is_persistent else b"")
        self.is_closed = not is_persistent
        return request

    def _unreadable(self, error: h11.RemoteProtocolError) -> UnreadableRequest:
        if error.error_status_hint == 431:  # nothing but a target is that long without an end
            return _TOO_LONG if b"\n" in self._http.trailing_data[0] else _TARGET_TOO_LONG
        # What follows the colon is what was sent, which may be a key.
        reason = str(error).partition(":")[0]
        return UnreadableRequest(status=error.error_status_hint, message=_NOT_HTTP.format(reason))


_NOT_HTTP = "The request isn't valid HTTP/1.1: {}."
_TOO_LONG = UnreadableRequest(
    status=431, message=f"The headers are longer than {MAX_HEAD_BYTES} bytes."
)
_TARGET_TOO_LONG = UnreadableRequest(
    status=414, message=f"The URL is longer than {MAX_HEAD_BYTES} bytes."
)


def head_refusal(method: str, target: str, headers: Headers) -> UnreadableRequest | None:
    """Why a head is over the limits, or None. Also for requests that don't come as bytes."""
    if len(target) > MAX_HEAD_BYTES:
        return _TARGET_TOO_LONG
    if len(headers) > MAX_HEADERS:
        status, message = 431, f"There are more than {MAX_HEADERS} headers."
        return UnreadableRequest(status=status, message=message, method=method, target=target)
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEAD_BYTES:
        return _TOO_LONG
    return None


def _version_refusal(head: h11.Request, method: str, target: str) -> UnreadableRequest | None:
    if head.http_version in {b"1.0", b"1.1"}:
        return None
    message = "Only HTTP/1.0 and HTTP/1.1 are spoken here."
    return UnreadableRequest(status=505, message=message, method=method, target=target)


def _decoded(head: h11.Request) -> Headers:
    return tuple(
        (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers.raw_items()
    )


def _is_persistent(head: h11.Request) -> bool:
    """HTTP/1.0 is not asked: few of its clients keep a connection, and none needs to."""
    fields = head.headers
    if head.http_version != b"1.1":
        return False
    names = {name for name, _ in fields}
    if {b"transfer-encoding", b"content-length"} <= names:
        return False
    return not any(
        token.strip() == b"close"
        for name, value in fields
        if name == b"connection"
        for token in value.lower().split(b",")
    )
