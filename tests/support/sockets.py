"""A client of the WebSocket at `/v1/responses`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.house import Key, Service
from tests.support.patience import PATIENCE

TERMINAL = ("response.completed", "response.failed", "response.incomplete", "error")
Frame = dict[str, Any]


class Talk:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, text: str, **fields: Any) -> None:
        """Ask for a response without waiting for it."""
        body = {"type": "response.create", "model": "agent_answers", "input": text, **fields}
        self.connection.send(json.dumps(body))

    def receive(self) -> Frame:
        """One frame."""
        frame = self.connection.recv(timeout=PATIENCE)
        assert isinstance(frame, str)
        return json.loads(frame)

    def turn(self) -> list[Frame]:
        """All frames of a turn, to its end."""
        frames = [self.receive()]
        while frames[-1]["type"] not in TERMINAL:
            frames.append(self.receive())
        return frames

    def ask(self, text: str, **fields: Any) -> Frame:
        """Ask for a response; the frame that ends the turn."""
        self.send(text, **fields)
        return self.turn()[-1]


@contextmanager
def talk(service: Service, key: Key, path: str = "/v1/responses", **headers: str) -> Iterator[Talk]:
    """Open a connection."""
    url = service.base_url.replace("http", "ws", 1) + path
    sent = {**key.headers, **headers}
    with connect(
        url, additional_headers=sent, max_size=None, proxy=None, open_timeout=PATIENCE, ping_interval=None
    ) as connection:
        yield Talk(connection)
