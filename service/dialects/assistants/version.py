"""Which version of the API a client asks for, and the headers it is spoken with."""

from __future__ import annotations

from specs.errors import InvalidRequest

VERSION_HEADER = "openai-beta"
POLL_HEADER = b"openai-poll-after-ms"
"""When to ask for a run again."""
_OLD = "assistants=v1"


def check_version(asked: str) -> None:
    """The second version is spoken, whether a client says so or not; the first is not.

    Raises InvalidRequest.
    """
    if _OLD in (word.strip() for word in asked.split(",")):
        raise InvalidRequest(
            f"OpenAI-Beta: {_OLD!r} is not spoken here; send 'assistants=v2'. See docs/assistants.md.",
            param="OpenAI-Beta",
            code="invalid_beta",
        )
