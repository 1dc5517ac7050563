"""The values that cross the boundaries: what arrives, what is answered, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from ..real_clock import real_seconds
from .headers import Headers


class PortConnection:
    """One connection over a port.

    Attributes:
        opened: when it was accepted, by `real_seconds`.
        closed: when its end was noticed, or None while it is open.
    """

    __slots__ = ("closed", "opened")

    def __init__(self) -> None:
        self.opened = real_seconds()
        self.closed: float | None = None

    def close(self) -> None:
        """Note its end, once."""
        if self.closed is None:
            self.closed = real_seconds()


class ThreadTimes(NamedTuple):
    """What a thread has done since it began.

    Attributes:
        thread: an object that stands for it; its identifier would be that of another thread once
            it has ended.
        at_work: seconds that it has run.
        kept_waiting: seconds that it was ready to run, and the machine had no time for it; 0 where
            the system doesn't tell.
        stops: how often it stopped by itself, to sleep or to wait for something; None where the
            system doesn't tell.
        is_shared: whether other tasks run in it, as those of one event loop do.
    """

    thread: object
    at_work: float
    kept_waiting: float = 0.0
    stops: int | None = None
    is_shared: bool = False


class Sender(NamedTuple):
    """Who sent a request, and what is known of how it waits; for the verdict.

    Attributes:
        who: a weak reference to the task or thread, or the `PortConnection`; compared by identity.
        scheme: `http` or `https`.
        client: a weak reference to the async client, or None.
        loop: a weak reference to the event loop that this client was used in, or None.
        loop_ahead: seconds by which the clock of the event loop is ahead of the real one, from
            any begin, or None; a test may set it forward.
        has_deadline: whether a deadline of the event loop ends the call, if its client doesn't.
        is_sleeping_replaced: whether the test has replaced what sleeps, so that waits tell nothing.
        ident: Python's `id` of the task or thread.
        beside: those of all tasks and threads that lived then; empty where no failure may come.
        thread_times: of its thread, when the request arrived; None where no failure may come.
    """

    who: Any
    scheme: str = ""
    client: Any = None
    loop: Any = None
    loop_ahead: float | None = None
    has_deadline: bool = False
    is_sleeping_replaced: bool = False
    ident: int = 0
    beside: frozenset[int] = frozenset()
    thread_times: ThreadTimes | None = None

    @property
    def is_in_process(self) -> bool:
        """Whether the task or thread is known, and so what its client does."""
        return not isinstance(self.who, PortConnection)

    def goes_on_for(self, earlier: Sender) -> bool:
        """Whether it was made after the earlier one, which has ended since: as a task, or a timer,
        for each attempt.
        """
        if not (self.beside and earlier.beside) or self.who is earlier.who:
            return False
        # Only what has ended gives its place in memory to another.
        is_in_its_place = self.ident == earlier.ident
        return is_in_its_place or not (earlier.ident in self.beside or self.ident in earlier.beside)


STATUSES = ("uploaded", "processed", "error")
"""`processed` is documented (D); the others are a guess, after the `openai` SDK's FileObject."""

SeveredKind = Literal[
    "refused", "connect_timeout", "dns", "tls", "reset", "empty", "garbage", "timeout"
]
"""How a connection can end without an answer, or not even begin."""

NOT_CONNECTED = ("refused", "connect_timeout", "dns", "tls")
"""Those where no connection is made, so that nothing was sent."""


class Parameters(Mapping[str, str]):
    """The parameters of a query: an immutable mapping, equal to a dict with the same items."""

    # Not a MappingProxyType, which can't be copied deeply, nor hashed before Python 3.12.
    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)


# A tuple, as one is made for each request, in a third of the time of a frozen dataclass.
class Request(NamedTuple):
    """One HTTP request, as a client or the port hands it to the service."""

    method: str
    path: str
    """The whole path, percent-decoded, for the journal."""
    resource: str | None
    """The path below the base URL, such as `/files`; None when it isn't below it."""
    query: str
    """What follows the question mark, undecoded."""
    headers: Headers
    body: bytes | Sequence[bytes]
    """A large body may stay in the pieces in which it came, so that it isn't copied."""
    client: str
    """The library that sent it in process, such as `httpx`; else `port` or `wsgi`."""
    read_timeout: float | None = None
    """Seconds that the client waits for bytes; None when it waits for ever, or on a port."""
    sender: Sender | None = None
    """The task, thread or connection that sent it; None where that isn't known, as over WSGI."""
    is_complete: bool = True
    """Whether the body came to its end. If not, its client has gone, and nothing is done."""

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path} of {self.client}, {self.headers!r}>"

    @property
    def whole_body(self) -> bytes:
        """The body in one piece."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query, decoded; of a repeated one the last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True)) if self.query else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What happens to an answer on its way; times are in seconds.

    Attributes:
        delay: before the first byte.
        cut_after: the connection closes after this many bytes of the body; None for all.
        piece: the body goes out in pieces of this many bytes; None for one piece.
        pause: before each piece but the first.
    """

    delay: float = 0.0
    cut_after: int | None = None
    piece: int | None = None
    pause: float = 0.0

    def steps(self, head: bytes, body: bytes) -> Iterator[bytes | memoryview | float]:
        """What is done in order: bytes are sent, and for a number of seconds nothing is."""
        if self.delay:
            yield float(self.delay)
        if self.cut_after is not None:
            body = body[: self.cut_after]
        # A small answer goes out with its head in one packet; a large one isn't copied.
        if self.piece is None and len(body) < _SEPARATE:
            yield head + body
            return
        if head:
            yield head
        view, size = memoryview(body), self.piece or len(body)
        for start in range(0, len(body), size):
            if start and self.pause:
                yield float(self.pause)
            yield view[start : start + size]

    def seconds(self, size: int) -> float:
        """From the start of an answer until its last byte, if the body announces `size` bytes."""
        # Between n pieces there are n - 1 pauses; the last piece may be shorter.
        pauses = 0 if self.piece is None else max(0, size - 1) // self.piece
        return self.delay + pauses * self.pause

    def longest_silence(self, size: int) -> float:
        """The longest time without a byte: a read timeout begins anew with each of them."""
        has_pauses = self.piece is not None and size > self.piece
        return max(self.delay, self.pause if has_pauses else 0.0)


WHOLE = Delivery()
"""At once, in one piece, to the end."""

_SEPARATE = 65_536
"""Bytes from which a body is sent apart from the head, so that it isn't copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, with what is done to it on its way."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delivery: Delivery = WHOLE
    error: BaseException | None = field(default=None, repr=False)
    """What a function of the test author raised: raised in process, and answered on a port."""
    request_id: str = field(default="", compare=False)
    """Of the request; a fault may have put another one into `X-Request-Id`, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Severed:
    """No answer: the connection ends, or nothing ever comes."""

    kind: SeveredKind
    after_bytes: int | None = None
    """Of a reset: it comes once so many bytes of the request's body have come; None for all."""
    request_id: str = field(default="", compare=False)
    """Of the request that gets no answer, which would have it in `X-Request-Id`."""


Outcome = Reply | Severed

WaitState = Literal["waiting", "gave_up", "answered"]
"""What is noted of a client that a fault keeps waiting: the first, and then one of the others."""

# `File.bytes` is a length, and would hide the type.
_Content = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A stored file. The first members are those of the API's file object.

    Attributes:
        id: a bare lower-case UUID, unless the test author chose another.
        filename: as sent, decoded.
        bytes: the length of the content.
        purpose: as sent.
        created_at: Unix seconds.
        status: `uploaded`, `processed` or `error`.
        status_details: why processing failed, else None.
        content: what was uploaded.
        content_type: that of the part, as sent.
        user: who owns it; None when keys have no users.
        expires_at: Unix seconds when it is gone, or None.
    """

    id: str
    filename: str
    bytes: int
    purpose: str
    created_at: int
    status: str
    status_details: str | None = None
    content: _Content = field(repr=False)
    content_type: str
    user: str | None
    expires_at: int | None = None


ON_A_PORT = ("port", "wsgi")
"""What stands for the client of a `Call` from another process, or to a server of the author's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that was received, and what became of it.

    Attributes:
        operation: such as `upload`, the method and path of a stub, or None for an unknown route.
        method: the HTTP method, in capitals.
        path: percent-decoded.
        query: the parameters, decoded; of a repeated one the last value.
        headers: with keys redacted.
        user: whose key it was, or None.
        client: `httpx`, `httpx2`, `requests`, `urllib3`, `http.client`, `aiohttp`, `port`, `wsgi`.
        status: what was answered, or None when the connection was severed, or when the body of the
            request never came to its end.
        file_id: the file in question; of an upload, the one that was stored.
        filename: of the file in question, where known.
        purpose: of the file in question, or what a list was filtered by.
        content_type: of the uploaded part.
        bytes: length of the uploaded content, or None.
        sha256: of the uploaded content, in hexadecimal, or None.
        fields: the other fields of an upload's form.
        json: the parsed body of a stubbed route, or None.
        fault: the name of the fault that hit, or None.
        error: the code of the refusal, or None.
        message: the text of the refusal, or None.
        request_id: as in the answer's `X-Request-Id`.
        started_at: Unix seconds.
        duration: seconds that the mock took, without waits that a fault asked for.
    """

    operation: str | None
    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    user: str | None
    client: str
    status: int | None
    file_id: str | None
    filename: str | None
    purpose: str | None
    content_type: str | None
    bytes: int | None
    sha256: str | None
    fields: Mapping[str, str]
    json: Any = field(hash=False)
    fault: str | None
    error: str | None
    message: str | None
    request_id: str
    started_at: float
    duration: float

    # For type checkers, every attribute would be there.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Where the bytes are, which answers of the SDK and a `File` have by these names."""
            hint = ""
            if name in ("content", "body", "text", "data"):
                hint = " Its content is mock.files[call.file_id].content, while the file is there."
            raise AttributeError(f"A Call has no {name!r}.{hint}", name=name, obj=self)


# A tuple, as one is made for each request, in half the time of a frozen dataclass.
class Record(NamedTuple):
    """A call, and what else the control routes and the verdict need to know.

    Attributes:
        call: what the test author sees.
        number: in order of arrival, from 1.
        outcome: what was answered, before the client met it.
        read_timeout: seconds that the client waits for bytes, or None if that isn't known.
        is_unmatched: whether it came for a route that the API doesn't have.
        started: when it arrived, by `real_seconds`.
        key: a hash of the key that it presented: equal for equal keys, within one process.
        unready_files: files that it used, and their status, unless that was `processed`.
        stub: the stub that it was meant for, or None.
        has_deleted: whether it took a file out of the store, whatever was answered.
        is_done: whether the work was done, whatever a fault made of the answer.
        is_reached: whether the work was reached: no fault came before it. It may have been refused.
        sender: who sent it, or None if that isn't known.
        is_complete: whether its body came to its end.
        size: length of the uploaded content, or of the body.
        tail: the last bytes of the uploaded content, or of the body: what a stream that was read
            in part still gives ends like the whole.
        body: a hash of the body of a stubbed route, whatever the boundary of its form.
        key_in_url: the parameter that had a key as its value, `the path`, or None.
    """

    call: Call
    number: int
    outcome: Outcome
    read_timeout: float | None
    is_unmatched: bool
    started: float
    key: int
    unready_files: tuple[tuple[str, str], ...]
    stub: object | None
    has_deleted: bool = False
    is_done: bool = False
    is_reached: bool = False
    sender: Sender | None = None
    is_complete: bool = True
    size: int = 0
    tail: bytes = b""
    body: int = 0
    key_in_url: str | None = None
