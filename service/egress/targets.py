"""What a URL must look like before anything is asked of it. The address itself is checked at the socket."""

from __future__ import annotations

import re

from yarl import URL

from service.egress.errors import Forbidden
from specs.addresses import AddressPolicy

MAX_URL = 8192
_ODD = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
"""What parsers disagree about: control characters, blanks, backslashes."""
_OPEN_PORTS = frozenset({80, 443})
_FIRST_FREE_PORT = 1024
_CLOSED_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669}
    | {6679, 6697, 10080}
)
"""Ports of other protocols that HTTP could be mistaken for (https://fetch.spec.whatwg.org/#bad-port)."""


def check_url(text: str, policy: AddressPolicy) -> URL:
    """The URL that a text is, if one may be asked for.

    Raises Forbidden saying what is wrong with it.
    """
    if len(text) > MAX_URL or _ODD.search(text):
        raise Forbidden("a URL may hold no blanks, backslashes or control characters, and 8192 characters")
    try:
        url = URL(text)
    except ValueError as error:
        raise Forbidden("it is no valid URL") from error
    check(url, policy)
    return url


def check(url: URL, policy: AddressPolicy) -> None:
    """Raises Forbidden unless this URL may be asked for; where its name leads is seen at the socket."""
    if url.scheme not in ("http", "https"):
        raise Forbidden(f"{url.scheme!r} is no scheme that is served; http and https are")
    if "@" in url.raw_authority:
        raise Forbidden("a URL may carry no user and password; send a header")
    host, port = url.raw_host, url.port
    if not host or port is None:
        raise Forbidden("a URL needs a host")
    if policy.denies(host, port):
        raise Forbidden
    if not policy.trusts(host, port) and not _is_open(port):
        raise Forbidden(f"port {port} is not open; 80, 443 and most above 1023 are")


def _is_open(port: int) -> bool:
    return port in _OPEN_PORTS or (port >= _FIRST_FREE_PORT and port not in _CLOSED_PORTS)
