"""Chat Completions."""

from __future__ import annotations

from service.dialects.base import NewId, Reading, Renderer
from service.dialects.chat.read import read
from service.dialects.chat.render import ChatRenderer
from specs.errors import Failure
from specs.openai.common import ErrorBody, error_body


class ChatDialect:
    """Chat Completions, as a `service.dialects.base.Dialect`."""

    name = "chat"
    named_events = False
    done = True

    def read(self, body: bytes, new_id: NewId) -> Reading:
        """Read a request's body."""
        return read(body, new_id)

    def renderer(self, reading: Reading, new_id: NewId) -> Renderer:
        """Begin to write the answer; this API mints no ids of its own."""
        return ChatRenderer(reading)

    def echo(self, reading: Reading) -> str:
        """Nothing: answers of this API are not kept."""
        return ""

    def error(self, failure: Failure) -> ErrorBody:
        """The error envelope."""
        return error_body(failure)

    def status(self, failure: Failure) -> int:
        """The failure's own."""
        return failure.status


chat = ChatDialect()
"""The dialect; it holds no state."""
