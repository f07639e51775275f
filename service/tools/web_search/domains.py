"""Which hosts a search may lead to. Pure: the address behind a name plays no part here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from yarl import URL

LONGEST = 253
"""Characters of a host's name."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def to_domain(text: str) -> str:
    """A domain as it is compared: in lower case, as ASCII, without a dot at its end.

    Raises ValueError where it is anything else than a bare domain.
    """
    name = text.strip().removesuffix(".").lower()
    if not name or any(each in name for each in "/\\@:?#%[]* \t\r\n"):
        raise ValueError(
            f"{text[:80]!r} must be a domain such as 'example.com', without scheme, port, path or '*'"
        )
    try:
        host = (URL.build(scheme="https", host=name).raw_host or "").lower()
    except (ValueError, UnicodeError):
        host = ""
    if len(host) > LONGEST or not all(map(_LABEL.fullmatch, host.split("."))):
        raise ValueError(f"{text[:80]!r} must be a domain such as 'example.com'")
    return host


def to_domains(texts: Iterable[str]) -> tuple[str, ...]:
    """Domains as they are compared, each once. Raises ValueError."""
    return tuple(dict.fromkeys(map(to_domain, texts)))


def is_under(host: str, domain: str) -> bool:
    """Whether a host is this domain or one under it."""
    return host == domain or host.endswith(f".{domain}")


class Domains(Struct, frozen=True):
    """What one party allows and blocks, in the form of `to_domain`. What is blocked goes first."""

    allowed: tuple[str, ...] = ()
    """These and what is under them; none is every domain."""
    blocked: tuple[str, ...] = ()

    def admit(self, host: str) -> bool:
        """Whether results of this host, in lower case and ASCII, may be shown."""
        if any(is_under(host, domain) for domain in self.blocked):
            return False
        return not self.allowed or any(is_under(host, domain) for domain in self.allowed)

    def within(self, other: Domains) -> Domains | None:
        """What both allow; None where that is nothing."""
        blocked = tuple(dict.fromkeys((*other.blocked, *self.blocked)))
        if not (self.allowed and other.allowed):
            return Domains(self.allowed or other.allowed, blocked)
        pairs = [(one, two) for one in self.allowed for two in other.allowed]
        both = [
            one if is_under(one, two) else two
            for one, two in pairs
            if is_under(one, two) or is_under(two, one)
        ]
        return Domains(tuple(dict.fromkeys(both)), blocked) if both else None
