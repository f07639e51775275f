"""A client that sends bytes as they are, and reads whatever answers come back one by one."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from tests.support.patience import PATIENCE

LINGER = 0.03
"""Seconds to look whether more comes after a whole answer."""


class Answer(Struct, frozen=True):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Talk(Struct, frozen=True):
    """What came of one connection."""

    answers: list[Answer]
    closed: bool
    """Whether the server ended the connection."""
    rest: bytes
    """What is no whole answer."""


def talk(
    port: int,
    data: bytes | Iterable[bytes],
    *,
    pause: float = 0.0,
    end: bool = False,
    answers: int | None = 1,
) -> Talk:
    """Send one or more pieces with pauses in between, then read until the server closes, or has given
    `answers` answers and no more follows; None: until it closes. `end` closes our side after the last
    piece."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        received = _send(connection, [data] if isinstance(data, bytes) else data, pause, end)
        return _read(connection, received, answers, without_body=_is_head(data))


def _is_head(data: bytes | Iterable[bytes]) -> bool:
    return isinstance(data, bytes) and data.startswith(b"HEAD ")


def _send(connection: socket.socket, pieces: Iterable[bytes], pause: float, end: bool) -> bytes:
    """Send until the server has had enough; gives what it said meanwhile."""
    received = b""
    try:
        for piece in pieces:
            connection.sendall(piece)
            if pause:
                time.sleep(pause)
        if end:
            connection.shutdown(socket.SHUT_WR)
    except OSError:  # it closed while we were still sending
        pass
    return received


def _read(connection: socket.socket, received: bytes, wanted: int | None, *, without_body: bool) -> Talk:
    closed, deadline = False, time.monotonic() + PATIENCE
    while True:
        answers, rest = parse(received, without_body=without_body)
        enough = wanted is not None and len(answers) >= wanted and not rest
        connection.settimeout(LINGER if enough else max(0.01, deadline - time.monotonic()))
        try:
            piece = connection.recv(1 << 20)
        except TimeoutError:
            break
        except OSError:
            closed = True
            break
        if not piece:
            closed = True
            break
        received += piece
    answers, rest = parse(received, without_body=without_body)
    return Talk(answers, closed, rest)


def parse(data: bytes, *, without_body: bool = False) -> tuple[list[Answer], bytes]:
    """The whole answers at the start of `data`, and what is left."""
    answers: list[Answer] = []
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split(" ")[1])
        if status < 200:
            data = rest
            continue
        body = b"" if without_body else _body(headers, rest)
        if body is None:
            break
        answers.append(Answer(status, headers, body if "chunked" not in str(headers) else _joined(body)))
        data = rest[len(body) :]
    return answers, data


def _body(headers: dict[str, str], rest: bytes) -> bytes | None:
    """The bytes of a body at the start of `rest`, chunks and all; None while it is not whole."""
    if headers.get("transfer-encoding") == "chunked":
        end = rest.find(b"0\r\n\r\n")
        return None if end < 0 else rest[: end + 5]
    length = int(headers.get("content-length", "0"))
    return rest[:length] if len(rest) >= length else None


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        body += rest[: int(size, 16)]
        chunks = rest[int(size, 16) + 2 :]
    return body
