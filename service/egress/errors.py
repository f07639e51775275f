"""How an outbound call fails. Messages name what the caller wrote, never what a name led to.

EgressError
├── Forbidden
├── Unreachable
├── TimedOut
└── TooLarge
"""

from __future__ import annotations


class EgressError(Exception):
    """An outbound call failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Forbidden(EgressError, PermissionError):
    """The address is not one this server may call."""

    # A PermissionError too: what is raised where the socket is made must be an OSError.


class Unreachable(EgressError):
    """The address cannot be reached."""


class TimedOut(EgressError):
    """The answer took too long."""


class TooLarge(EgressError):
    """The answer is larger than is taken in."""
