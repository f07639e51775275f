"""The head of an answer goes out with the first of its body, and never waits for anything else."""

from __future__ import annotations

import asyncio
from typing import cast

import httpx

from service.http.outlet import Outlet
from tests.support.house import Key, Service


class Written:
    """A transport that notes what is done with it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")


def answer() -> tuple[Outlet, Written]:
    written = Written()
    return Outlet(cast("asyncio.Transport", written)), written


def test_head_and_body_are_one_write():
    transport, written = answer()
    for piece in (b"HTTP/1.1 200 OK\r\n\r\n", b"one", b"two"):
        transport.write(piece)
    assert written.done == [b"HTTP/1.1 200 OK\r\n\r\none", b"two"]


def test_an_empty_piece_takes_the_head_along():
    transport, written = answer()
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    transport.write(b"")
    assert written.done == [b"HTTP/1.1 200 OK\r\n\r\n"]


def test_what_asks_for_the_body_is_no_head():
    transport, written = answer()
    for piece in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"one"):
        transport.write(piece)
    assert written.done == [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\none"]


def test_a_head_alone_is_sent_before_the_end():
    transport, written = answer()
    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    transport.close()
    assert written.done == [b"HTTP/1.1 200 OK\r\n\r\n", "closed"]


def test_a_request_for_the_head_alone_is_answered(service: Service, key: Key):
    for path in ("/v1/models", "/health/live", "/v1/chat/completions"):
        answer = httpx.head(service.base_url + path, headers=key.headers)
        assert answer.status_code in (200, 405)
