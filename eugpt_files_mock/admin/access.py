"""Who may use the control routes: a token on addresses that others reach, and no foreign browser.

Otherwise a page of another origin, or a host name that was redirected to this address (DNS
rebinding), could control the mock through the browser of the person who runs it.
"""

import hmac
import re

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized
from werkzeug.wrappers import Request

from ..errors import OptionError
from ..server.application import HostNames

_OWN_SITE = frozenset((None, "none", "same-origin"))
"""`Sec-Fetch-Site` as sent by other clients, for a typed address, and by our own page."""

_REALM = {"realm": "eugpt-files-mock admin"}

_CHALLENGES = (WWWAuthenticate("bearer", dict(_REALM)), WWWAuthenticate("basic", dict(_REALM)))
"""The second makes a browser ask: the password is the token, the user name does not matter."""


class AdminAccess:
    """Lets a request for the control routes through, or raises what it is answered with.

    Without a token they are open on a loopback address only.
    """

    def __init__(self, hosts: HostNames, token: str | None) -> None:
        if token is not None:
            _check_token(token)
        self._hosts = hosts
        self._token = token
        self.is_open = token is not None or hosts.is_loopback

    def check(self, request: Request) -> None:
        if not self.is_open:
            raise NotFound(
                "There is no /__admin on an address that is not loopback, unless the mock is "
                "given a token: serve(admin_token=…), or --admin-token."
            )
        # Checked even with a token: a browser that has logged in (Basic) sends it along by itself.
        self._check_host(request)
        _check_origin(request)
        if self._token is not None and not self._presented(request):
            raise Unauthorized(
                "/__admin needs the token: 'Authorization: Bearer <token>'.",
                www_authenticate=_CHALLENGES,
            )

    def _check_host(self, request: Request) -> None:
        host = request.headers.get("Host", "")
        if not self._hosts.know(host):
            raise Forbidden(
                f"The Host {host!r} isn't this server's. To let it in: serve(allow_hosts=[...]), "
                "or --allow-host."
            )

    def _presented(self, request: Request) -> bool:
        given = request.authorization
        presented = None if given is None else given.token or given.password
        # The time of a comparison by == tells how much of the token is right. As bytes, because it
        # refuses texts that aren't ASCII.
        return hmac.compare_digest((presented or "").encode(), str(self._token).encode())


def _check_token(token: str) -> None:
    if not isinstance(token, str) or not re.fullmatch("[!-~]+", token):
        raise OptionError(
            "admin_token must be a string of ASCII characters without spaces.", word=type(token)
        )


def _check_origin(request: Request) -> None:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    # A page in a sandbox, or from a file, says `null`, and is refused too.
    if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
        raise Forbidden(f"The Origin {origin!r} is not this server's.")
    if site not in _OWN_SITE:
        raise Forbidden(f"A request from another site ({site}): open this address by itself.")
