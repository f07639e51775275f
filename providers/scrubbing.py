"""Takes out of a provider's words what we sent it as a credential, should it say it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from specs.errors import UpstreamError

Failure = TypeVar("Failure", bound=UpstreamError)

HIDDEN = "***"
LEAST = 8
"""Characters from which a value is taken for a secret, or the beginning of one for it."""
_PLAIN = frozenset(
    {"accept", "accept-encoding", "anthropic-version", "content-length", "content-type", "host", "user-agent"}
)


def scrubbed(failure: Failure, sent: Mapping[str, str]) -> Failure:
    """The same failure, its message without the values of headers that were sent."""
    message = scrub(failure.message, secrets_of(sent))
    if message != failure.message:
        failure.message = message
        failure.args = (message,)
    return failure


def secrets_of(headers: Mapping[str, str]) -> set[str]:
    """What of a request's headers may be secret: whole values, and tokens after the name of a scheme."""
    values = [value for name, value in headers.items() if name.lower() not in _PLAIN]
    tokens = [value.partition(" ")[2] for value in values]
    return {value for value in (*values, *tokens) if len(value) >= LEAST}


def scrub(message: str, secrets: Iterable[str]) -> str:
    """A text without these, nor the beginning of one where the text was cut off in it."""
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, HIDDEN)
        for length in range(min(len(secret), len(message)), LEAST - 1, -1):
            if message.endswith(secret[:length]):
                message = message[:-length] + HIDDEN
                break
    return message
