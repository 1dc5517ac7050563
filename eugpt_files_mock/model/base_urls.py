"""Base URLs: which addresses are ours, and which path below them."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from ..errors import OptionError, quoted
from .secret_names import REDACTED

DEFAULT_PORTS = (80, 443)

Origin = tuple[str, int | None]
"""Host in its ASCII form, in lower case, and port; None for the default port of either scheme, so
that a request by `http://` to our `https://` host is ours too, and never gets out."""


# Asked for every request of the process, to any host, while a mock is active.
@lru_cache(maxsize=1_024)
def origin(host: str, port: int | None) -> Origin:
    """Where a URL points; its scheme makes no difference."""
    # A dot at the end says only that the name is complete; clients send it as it was typed.
    host = host.lower().removesuffix(".")
    if ":" in host:
        host = _shortest(host)
    elif not host.isascii():
        host = _in_ascii(host)
    return host, None if port in DEFAULT_PORTS else port


def _shortest(host: str) -> str:
    """The one spelling of an IPv6 address that RFC 5952 recommends."""
    try:
        return ipaddress.IPv6Address(host.strip("[]").partition("%")[0]).compressed
    # No address at all, for which no client can ask.
    except ValueError:
        return host


def _in_ascii(host: str) -> str:
    """The ASCII form, as requests sends it; httpx gives the same host in Unicode."""
    # httpx and requests depend on it; a mock with hosts in ASCII doesn't need it.
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    # No client can ask for it either.
    except idna.IDNAError:
        return host


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """One base URL: its text, its origin, and its decoded path; none ends in a slash."""

    text: str
    origin: Origin
    prefix: str


def parse_base_url(text: object) -> BaseUrl:
    """A base URL from its text."""
    if not isinstance(text, str):
        raise OptionError(
            f"base_url must be a URL, such as 'https://chat.eugpt.ai/v1'; got {text!r}.", word=text
        )
    check_user_info("base_url", text)
    shown = quoted(shown_url(text))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise OptionError(f"base_url {shown}: {_reason(error)}.", word=shown) from None
    if parts.scheme not in ("http", "https") or not host:
        raise OptionError(
            f"base_url must be an absolute URL, such as 'https://chat.eugpt.ai/v1'; got {shown}.",
            word=shown,
        )
    if parts.query or parts.fragment:
        raise OptionError(
            f"base_url must have a scheme, a host, a port and a path only; got {shown}.", word=shown
        )
    return BaseUrl(
        text=text.rstrip("/"), origin=origin(host, port), prefix=unquote(parts.path).rstrip("/")
    )


def check_user_info(label: str, text: str) -> None:
    """Refuse a URL with a user name or a password in it; the message doesn't repeat them."""
    # Not by `username`, which a URL that isn't quite one doesn't have.
    if "@" in re.split("[/?#]", text.partition("://")[2], maxsplit=1)[0]:
        shown = quoted(shown_url(text))
        raise OptionError(
            f"{label} must not have a user name or a password in it, got {shown}. A key goes into "
            "the header Authorization.",
            word=shown,
        )


def shown_url(text: str) -> str:
    """A URL as a message may show it: user names, passwords, queries are secrets, as often as not.

    It need not be valid: what stands before the last `@` of a text that names no path is taken out
    too.
    """
    scheme, slashes, rest = text.rpartition("://")
    # Up to the last one: a password may have one in it, or a slash that nobody escaped.
    _, at, place = rest.rpartition("@")
    place, question, _ = place.partition("?")
    place, mark, _ = place.partition("#")
    shown = f"{scheme}{slashes}{REDACTED + at if at else ''}{place}"
    return shown + (f"?{REDACTED}" if question else "") + (f"#{REDACTED}" if mark else "")


def _reason(error: ValueError) -> str:
    # Python's own messages quote the part that is wrong, which may be that with the password.
    return re.sub(r": ?'.*|'[^']*'", "", str(error)).strip()
