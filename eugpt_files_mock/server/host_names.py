"""Under which names a server may be asked: its own, those of loopback, and those that are allowed.

A web page can let its own name point to this address (DNS rebinding). It could then read, in the
browser of whoever opened it, what the mock answers. Only the `Host` shows that.
"""

import socket
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from ..errors import OptionError

_LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - compared


class HostNames:
    """The names of one server: the address that it binds, and `allowed` ones.

    `is_loopback` says whether only this machine reaches it.
    """

    def __init__(self, bound: str, allowed: Collection[str] = ()) -> None:
        self.is_loopback = is_loopback(bound)
        self._takes_any_address = bound in _WILDCARDS
        self._names = _LOOPBACK_NAMES | {bound.lower(), *_checked(allowed)}

    def know(self, host: str) -> bool:
        """Whether the value of a `Host` header is a name of this server's; its port is ignored."""
        name = _name(host)
        # On a wildcard address any number may lead here; only a name can be rebound.
        return name in self._names or (self._takes_any_address and _address(name) is not None)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; for a name, all of its addresses."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None)  # noqa: S104 - what "" binds
    except (OSError, UnicodeError):
        # Binding it will say what is wrong.
        return False
    return all(_is_loopback_address(str(address[0])) for *_, address in found)


def _is_loopback_address(text: str) -> bool:
    # `::ffff:127.0.0.1` is 127.0.0.1, which older Pythons don't see.
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _checked(allowed: Iterable[str]) -> Iterable[str]:
    # A string can be iterated too: each of its letters would be a name.
    if isinstance(allowed, str):
        raise OptionError(f"allow_hosts must be several names, not {allowed!r}.", word=allowed)
    for name in allowed:
        if not isinstance(name, str) or not name or _name(name) != name.lower():
            raise OptionError(
                f"allow_hosts: {name!r} isn't a host name; it has no port and no scheme.", word=name
            )
        yield name.lower()


def _name(host: str) -> str:
    # urlsplit knows ports and the brackets of IPv6.
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
