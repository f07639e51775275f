"""How talking to a server fails, in words that hold nothing of what the server or its address said.

McpFailure
└── ConnectionLost
    └── NotDelivered
"""

from __future__ import annotations


class McpFailure(Exception):
    """The server could not be asked; the message tells the model and its user why."""


class ConnectionLost(McpFailure):
    """The connection to the server was lost."""

    # What was under way on it may have been carried out.


class NotDelivered(ConnectionLost):
    """The server did not take the request."""

    # So nothing was carried out: it may be sent again on a new connection.


REFUSED = "The server's address is not one that may be called."
UNREACHABLE = "The server cannot be reached."
SILENT = "The server did not answer in time."
OVERFLOW = "The server sent more than is taken in."
REDIRECTED = "The server redirects to another address, which is not followed."
GARBLED = "The server's answer is not what the protocol says."
ASKS_BACK = "The tool asks for input of the user or of a model, which is not offered to this server."
NO_MODEL = "This model cannot be asked for more."
NOT_STARTED = "The server's program cannot be started."
LOST = "The connection to the server was lost."
MAYBE_DONE = f"{LOST} Whether the call was carried out is not known."


def status_told(status: int) -> str:
    """What an HTTP status says of why a server did not answer."""
    if status in (401, 403):
        return f"The server does not let this credential in (HTTP {status})."
    if 300 <= status < 400:
        return REDIRECTED
    return f"The server answered HTTP {status}."
