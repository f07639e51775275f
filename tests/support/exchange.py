"""What a scripted upstream remembers of one request, and how its answer went."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from msgspec import Struct

from tests.support.plan import Send
from tests.support.raw_http import Request
from tests.support.script import Script
from tests.support.wires.frames import Tokens


class Exchange(Struct, kw_only=True):
    """One request and its answer. Times are monotonic seconds."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    """Empty where the request carried no JSON object; it is then answered with a 400."""
    raw: bytes
    received_at: float
    script: Script = Script()
    events_sent: int = 0
    bytes_sent: int = 0
    """Of the body, before chunking."""
    text_sent: str = ""
    reported: Tokens | None = None
    """Usage as the client has been told it so far."""
    whole: bool = False
    """The answer was sent as planned, to its end or its cut."""
    ended_at: float | None = None
    disconnected_at: float | None = None
    """When the client went away before that."""

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.body.get("model", ""))

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream of events."""
        return bool(self.body.get("stream")) and self.script.status < 400

    def count(self, act: Send) -> None:
        """Take note of what was sent."""
        self.bytes_sent += len(act.data)
        if act.frame is not None:
            self.events_sent += 1
            self.text_sent += act.frame.text
            self.reported = act.frame.tokens or self.reported


def exchange_of(request: Request, *, number: int) -> Exchange:
    """Begin to remember a request."""
    return Exchange(
        number=number,
        method=request.method,
        path=request.path,
        headers=request.headers,
        body=_object(request.body),
        raw=request.body,
        received_at=time.monotonic(),
    )


def summary(exchange: Exchange) -> dict[str, Any]:
    """What `GET /_exchanges` tells of one request."""
    shown = ("number", "path", "model", "events_sent", "bytes_sent", "reported", "whole", "disconnected_at")
    return {name: getattr(exchange, name) for name in shown}


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
