"""What a client says over a WebSocket: each message is one turn, and waits for those before it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import msgspec
from msgspec import Struct

from service.dialects.base import Dialect, NewId, Reading
from service.dialects.validation import decode, is_given
from specs.errors import DragomanError, InvalidRequest, RateLimited
from specs.openai.websocket import CreateMessage

MAX_REFUSED = 256
"""Messages beyond the queue that are answered with an error; with more the connection is over."""

_message = msgspec.json.Decoder(CreateMessage)


class _GoesOn(Struct):
    previous_response_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_goes_on = msgspec.json.Decoder(_GoesOn)
_text = msgspec.json.Decoder(str)


class Turn(Struct, frozen=True):
    """One `response.create`, read."""

    reading: Reading
    generates: bool


class Inbox:
    """Messages that wait for their turn. `None` is the end."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[bytes | DragomanError] = deque()
        self._bytes = 0
        self._accepted = 0
        self._closed = False
        self._news = asyncio.Event()

    @property
    def overrun(self) -> bool:
        """Whether the client sends on and on without regard to what it is told."""
        return len(self._waiting) - self._accepted > MAX_REFUSED

    def put(self, message: bytes | DragomanError) -> None:
        """Take a message in, or note in its place that there was no room."""
        if isinstance(message, bytes):
            if self._accepted >= self._most or self._bytes + len(message) > self._most_bytes:
                message = RateLimited("Too many messages wait on this connection; read its answers first.")
            else:
                self._accepted += 1
                self._bytes += len(message)
        self._waiting.append(message)
        self._news.set()

    def close(self) -> None:
        """Nothing more is taken in."""
        self._closed = True
        self._news.set()

    async def next(self) -> bytes | DragomanError | None:
        """Wait for a message."""
        while not self._waiting:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        message = self._waiting.popleft()
        if isinstance(message, bytes):
            self._accepted -= 1
            self._bytes -= len(message)
        return message


def message_of(received: Any) -> bytes | DragomanError:
    """What an ASGI `websocket.receive` event brought."""
    text = received.get("text")
    if text is None:
        return InvalidRequest("Binary messages are not known here; send JSON as text.")
    return text.encode()


def read_turn(body: bytes, new_id: NewId, *, dialect: Dialect) -> Turn:
    """Read one message.

    Raises DragomanError as `dialect.read` does, and InvalidRequest for what is no `response.create`.
    """
    message = decode(body, _message)
    if message.stream is False:
        raise InvalidRequest("stream: a WebSocket always streams; leave it out.", param="stream")
    if is_given(message.stream_options):
        raise InvalidRequest("stream_options: not known on a WebSocket.", param="stream_options")
    if message.background:
        raise InvalidRequest("background: not possible on a WebSocket.", param="background")
    if message.stream_id is not None:
        raise InvalidRequest(
            "stream_id: a connection has one turn at a time; open another for parallel work.",
            param="stream_id",
        )
    return Turn(dialect.read(body, new_id), message.generate is not False)


def previous_of(body: bytes) -> str | None:
    """The response a message that failed was to go on from, however wrong the rest of it is."""
    try:
        named = _goes_on.decode(body).previous_response_id
        return None if isinstance(named, msgspec.UnsetType) else _text.decode(named)
    except (msgspec.DecodeError, RecursionError):
        return None
