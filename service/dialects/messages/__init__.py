"""The Messages API."""

from __future__ import annotations

from service.dialects.base import NewId, Reading
from service.dialects.messages.failures import message_error, status_of
from service.dialects.messages.read import read_request
from service.dialects.messages.render import MessagesRenderer
from specs.anthropic.answers import MessageErrorBody
from specs.errors import Failure

VERSION_HEADER = "anthropic-version"
"""What callers of this API send with every request."""


class MessagesDialect:
    """`POST /v1/messages`, as a `service.dialects.base.Dialect`; errors carry the request's id."""

    name = "messages"
    named_events = True
    done = False

    def __init__(self, request_id: str = "") -> None:
        self._request_id = request_id

    def read(self, body: bytes, new_id: NewId) -> Reading:
        """Read a request's body.

        Raises `specs.errors.InvalidRequest` whose `param` names the field.
        """
        return read_request(body, new_id)

    def renderer(self, reading: Reading, new_id: NewId) -> MessagesRenderer:
        """Begin to write the answer; its id comes from the run's."""
        return MessagesRenderer(reading, self._request_id)

    def echo(self, reading: Reading) -> str:
        """Nothing: answers of this API are not kept."""
        return ""

    def error(self, failure: Failure) -> MessageErrorBody:
        """The error envelope."""
        return message_error(failure, self._request_id)

    def status(self, failure: Failure) -> int:
        """The HTTP status of a failure."""
        return status_of(failure)
