"""The state of one connection, seen from the server: what has come, and the requests in it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..locks import cached_property
from ..model.headers import Headers
from ..model.messages import PortConnection
from .body import ChunkedBody, InvalidChunk, SizedBody

if TYPE_CHECKING:
    import h11


# Without slots, as cached properties need a `__dict__`: a request that is repeated byte for byte is
# the same object, and what it means is found once.
@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """One request, read to its end; `body` is empty where it broke off or its chunks were invalid.

    `target` may have a proxy's scheme and host before it; headers are decoded as Latin-1; a large
    body stays in the pieces in which it came, so that none is copied. `is_persistent` says whether
    the connection may be kept after the answer; `is_broken_off`, whether the body was
    broken off, by the client or by a fault; `connection` is that of a port.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Sequence[bytes] = field(default=b"", repr=False)
    http_version: str = "1.1"
    is_persistent: bool = True
    is_complete: bool = True
    is_broken_off: bool = False
    connection: PortConnection | None = field(default=None, compare=False, repr=False)

    @cached_property
    def path(self) -> str:
        """The path of the target, not decoded: `//v1/files` stays what it is."""
        return self._origin_form.partition("?")[0]

    @cached_property
    def query(self) -> str:
        """What follows the question mark, not decoded."""
        return self._origin_form.partition("?")[2]

    @cached_property
    def fields(self) -> Headers:
        """The headers, by names in any case."""
        return Headers(self.headers)

    @cached_property
    def host(self) -> str:
        """The host that is asked for; that of the target wins (RFC 9112, 3.2.2)."""
        absolute = _ABSOLUTE.match(self.target)
        if absolute:
            return absolute[1]
        return next((value for name, value in self.headers if name.lower() == "host"), "")

    @property
    def _origin_form(self) -> str:
        # A client that takes this server for a proxy sends a whole URL (RFC 9112, 3.2.2).
        absolute = None if self.target.startswith("/") else _ABSOLUTE.match(self.target)
        return self.target[absolute.end() :] or "/" if absolute else self.target


_ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRequest:
    """What can't be framed as a request: it is answered with `status`, and the connection closed.

    The message holds nothing of what was sent; the method is there if it could be read.
    """

    status: int
    message: str
    method: str = ""
    is_persistent: bool = False


MAX_HEAD_BYTES = 65_536
"""For the target, and for all headers together (`http.server`: for each line)."""

MAX_HEADERS = 100
"""As in `http.client`."""

_NO_HEAD = ReceivedRequest(method="", target="", headers=())
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/[0-9]\.[0-9]\r?")


class ServerProtocol:
    """One connection. It is closed when no request will come any more: the client has closed its
    end, or the last request was one after which the connection isn't kept.

    `bytes_wanted` is asked about a request whose body is still coming: once so many bytes of it
    have come, the request is given with them, and no other will come; None for the whole body.
    """

    def __init__(
        self,
        connection: PortConnection | None = None,
        bytes_wanted: Callable[[ReceivedRequest], int | None] = lambda _: None,
    ) -> None:
        self.is_closed = False
        self._bytes_wanted = bytes_wanted
        self._connection = connection
        self._at_end = False
        self._head = _NO_HEAD
        self._fields: list[tuple[str, str]] = []
        self._last = b"", _NO_HEAD
        self._is_repeated = False
        self._expects_continue = False
        self._begin(b"")

    @property
    def is_idle(self) -> bool:
        """Whether not a byte of a request has come since the last one."""
        return not (self._has_begun or self._is_repeated)

    def receive_data(self, data: bytes) -> None:
        """Take what has come; `b""` says that nothing more will."""
        if self.is_closed:
            return
        if not data:
            self._at_end = True
        elif self.is_idle and data == self._last[0]:
            self._is_repeated = True
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
        if self._is_repeated:
            self._is_repeated = False
            return self._last[1]
        if self._body is None:
            refused = self._read_head()
            if refused is not None:
                self.is_closed = True
                return refused
        return self._read_body()

    @property
    def head(self) -> ReceivedRequest | None:
        """The request whose body is on its way, without that."""
        return None if self._body is None else self._head

    def broken_off(self, request: ReceivedRequest, count: int) -> ReceivedRequest | None:
        """The request with the first `count` bytes of its body, if so many have come: it is the
        last of the connection. `request` is the whole one, or the `head`.
        """
        body = request.body or (b"" if self._body is None else self._body.content())
        content = body if isinstance(body, bytes) else b"".join(body)
        if len(content) < count:
            return None
        self.is_closed = True
        cut = content[:count]
        return replace(
            request, body=cut, is_persistent=False, is_complete=False, is_broken_off=True
        )

    def forget(self) -> None:
        """Let go of what has come: the connection is at its end."""
        self._begin(b"")
        self._head, self._last = _NO_HEAD, (b"", _NO_HEAD)
        self.is_closed = True

    def _begin(self, data: bytes) -> None:
        """Forget the last request, and go on with what came after it."""
        # Late, as most tests in process need no protocol.
        import h11

        # A new one for each request: h11 goes on only when it has sent the answer, and answers
        # don't go through it. It counts the target and the headers together.
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=2 * MAX_HEAD_BYTES)
        self._body: SizedBody | ChunkedBody | None = None
        self._expects_continue = False
        self._has_begun = False
        self._raw = b""
        self._line_is_checked = False
        self._target_has_begun = self._line_has_ended = False
        self._wanted: int | None = None
        self._is_asked = False
        if data:
            self._receive_head(data)

    def _receive_head(self, data: bytes) -> None:
        # Only a request that came in one piece can be compared with the next one.
        self._raw = b"" if self._has_begun else data
        if not self._has_begun:
            # Empty lines before a request are ignored (RFC 9112, 2.2).
            data = data.lstrip(b"\r\n")
            self._has_begun = bool(data)
        if not (data.isascii() or self._line_has_ended):
            data = self._with_an_ascii_target(data)
        else:
            self._target_has_begun = self._target_has_begun or b" " in data
            self._line_has_ended = self._line_has_ended or b"\n" in data
        if data:
            self._http.receive_data(data)

    def _with_an_ascii_target(self, data: bytes) -> bytes:
        """What curl sends as it was typed, and nginx passes on; h11 takes only ASCII."""
        line, newline, rest = data.partition(b"\n")
        self._line_has_ended = bool(newline)
        method = b""
        if not self._target_has_begun:
            method, space, line = line.partition(b" ")
            method += space
            self._target_has_begun = bool(space)
        return method + _BEYOND_ASCII.sub(_percent_escape, line) + newline + rest

    def _read_head(self) -> UnreadableRequest | None:
        import h11

        try:
            event = self._http.next_event()
        except h11.RemoteProtocolError as error:
            return self._unreadable(error)
        if isinstance(event, h11.Request):
            return self._accept(event)
        # A head that breaks off isn't a request.
        if self._at_end:
            self.is_closed = True
            return None
        return self._check_line()

    def _check_line(self) -> UnreadableRequest | None:
        """The refusal of a first line that isn't HTTP/1."""
        # h11 waits for the whole head. A client of HTTP/0.9 sends its first line only, and would
        # wait for ever.
        if self._line_is_checked:
            return None
        line, newline, _ = self._http.trailing_data[0].partition(b"\n")
        self._line_is_checked = bool(newline)
        if newline and not _REQUEST_LINE.fullmatch(line):
            return UnreadableRequest(status=400, message=_NOT_HTTP.format("illegal request line"))
        return None

    def _accept(self, event: "h11.Request") -> UnreadableRequest | None:
        """Begin the body of this request, unless its head is refused."""
        head = ReceivedRequest(
            method=event.method.decode("ascii"),
            target=event.target.decode("ascii"),
            headers=tuple(
                (name.decode("ascii"), value.decode("latin-1"))
                for name, value in event.headers.raw_items()
            ),
            http_version=event.http_version.decode("ascii"),
            connection=self._connection,
        )
        fields = [(name.lower(), value) for name, value in head.headers]
        refused = _head_refusal(head, fields)
        if refused is None:
            self._head = head
            self._fields = fields
            self._expects_continue = self._http.they_are_waiting_for_100_continue
            self._body = _body_of(self._fields, self._http.trailing_data[0])
        return refused

    def _read_body(self) -> ReceivedRequest | None:
        body = self._body
        if body is None:
            return None
        try:
            is_complete = body.is_whole()
        except InvalidChunk:
            return self._give_up()
        if is_complete:
            return self._finish(body)
        return self._give_up() if self._at_end else self._break_off(body)

    def _break_off(self, body: SizedBody | ChunkedBody) -> ReceivedRequest | None:
        """The request with what has come of its body, if that is all that is wanted of it."""
        if not self._is_asked:
            self._is_asked, self._wanted = True, self._bytes_wanted(self._head)
        if self._wanted is None or body.size < self._wanted:
            return None
        return self.broken_off(self._head, self._wanted)

    def _give_up(self) -> ReceivedRequest:
        # Where the next request would begin isn't known.
        self.is_closed = True
        # Who sent invalid chunks is still there, and gets an answer.
        return replace(
            self._head, is_persistent=False, is_complete=False, is_broken_off=self._at_end
        )

    def _finish(self, body: SizedBody | ChunkedBody) -> ReceivedRequest:
        request, content = self._head, body.content()
        self.is_closed = not _is_persistent(request.http_version, self._fields)
        # Most requests are a GET on a kept connection, and need no copy of their head.
        if content or self.is_closed:
            request = replace(request, body=content, is_persistent=not self.is_closed)
        elif self._raw and isinstance(body, SizedBody) and not body.rest:
            # Clients that poll send the same bytes again. To compare them is a hundred times
            # faster than to read them.
            self._last = self._raw, request
        self._begin(body.rest)
        return request

    def _unreadable(self, error: "h11.RemoteProtocolError") -> UnreadableRequest:
        # In a head that is too long, only a target can be that long without a line end.
        if error.error_status_hint == 431:
            return _TOO_LONG if b"\n" in self._http.trailing_data[0] else _TARGET_TOO_LONG
        # What was sent may be a key, so only words of h11's own may follow a colon, as in "Only
        # Transfer-Encoding: chunked is supported": what was sent stands there in quotation marks.
        reason = re.sub(":(?! [a-z ]+$).*", "", str(error), flags=re.DOTALL)
        return UnreadableRequest(status=error.error_status_hint, message=_NOT_HTTP.format(reason))


_NOT_HTTP = "The request isn't valid HTTP/1.1: {}."
_TOO_LONG = UnreadableRequest(
    status=431, message=f"The headers are longer than {MAX_HEAD_BYTES} bytes."
)
_TARGET_TOO_LONG = UnreadableRequest(
    status=414, message=f"The URL is longer than {MAX_HEAD_BYTES} bytes."
)


_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def _percent_escape(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]


# Without user info, which could pass for the name, and no path (RFC 9110, 7.2).
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?")


def _head_refusal(head: ReceivedRequest, fields: list[tuple[str, str]]) -> UnreadableRequest | None:
    """Why a head that h11 could read is refused, or None."""
    if len(head.target) > MAX_HEAD_BYTES:
        return _TARGET_TOO_LONG
    if len(head.headers) > MAX_HEADERS:
        message = f"There are more than {MAX_HEADERS} headers."
        return UnreadableRequest(status=431, message=message, method=head.method)
    # Each line has a colon, a space and CRLF.
    if sum(len(name) + len(value) + 4 for name, value in head.headers) > MAX_HEAD_BYTES:
        return _TOO_LONG
    if head.http_version not in {"1.0", "1.1"}:
        message = "Only HTTP/1.0 and HTTP/1.1 are spoken here."
        return UnreadableRequest(status=505, message=message, method=head.method)
    hosts = [value for name, value in fields if name == "host"]
    # That of the target wins, and both must be one.
    if not all(_HOST.fullmatch(host) for host in (*hosts, head.host)):
        message = "The Host isn't a name or an address, with or without a port."
        return UnreadableRequest(status=400, message=message, method=head.method)
    return None


def _body_of(fields: list[tuple[str, str]], data: bytes) -> SizedBody | ChunkedBody:
    framing = dict(fields)
    if "transfer-encoding" in framing:
        return ChunkedBody(data)
    # h11 has checked it: digits, and if it came several times, the same each time.
    return SizedBody(int(framing.get("content-length", "0").partition(",")[0]), data)


def _is_persistent(http_version: str, fields: list[tuple[str, str]]) -> bool:
    # HTTP/1.0 is not asked: few of its clients keep a connection, and none needs to.
    if http_version != "1.1":
        return False
    names = [name for name, _ in fields]
    # Somebody before us may have read the body by the other one (RFC 9112, 6.1).
    if "transfer-encoding" in names and "content-length" in names:
        return False
    return "connection" not in names or not any(
        token.strip() == "close"
        for name, value in fields
        if name == "connection"
        for token in value.lower().split(",")
    )
