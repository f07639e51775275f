"""The head of an answer goes out with the first of its body, and never waits for anything else."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx
import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from service.http.exchange import Exchange
from tests.support.house import Key, Service


class Written:
    """A transport that notes what is done with it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")


def answer(*messages: Any, method: str = "POST", keep_alive: bool = True) -> list[bytes | str]:
    """What is written of an answer in these messages."""
    transport = cast("asyncio.Transport", written := Written())
    exchange = Exchange(
        scope=cast("Any", {"method": method}),
        transport=transport,
        flow=FlowControl(transport),
        logger=cast("Any", None),
        access_logger=cast("Any", None),
        access_log=False,
        default_headers=[],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: written.done.append("answered"),
    )

    async def send() -> None:
        for message in messages:
            await exchange.send(message)

    asyncio.run(send())
    return written.done


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(piece: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": more}


def test_head_and_body_are_one_write():
    length = (b"content-length", b"6")
    written = answer(start(length), body(b"one", more=True), body(b"two"))
    assert written == [b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none", b"two", "answered"]


def test_a_body_of_unknown_length_is_sent_in_chunks():
    head, *rest = answer(start(), body(b"one", more=True), body(b"two"))
    assert cast("bytes", head).endswith(b"transfer-encoding: chunked\r\n\r\n3\r\none\r\n")
    assert rest == [b"3\r\ntwo\r\n0\r\n\r\n", "answered"]


def test_an_empty_piece_takes_the_head_along():
    (head,) = answer(start(), body(b"", more=True))
    assert cast("bytes", head).endswith(b"\r\n\r\n")


def test_an_answer_without_a_body_has_its_head():
    assert answer(start(status=204), body(b"")) == [b"HTTP/1.1 204 No Content\r\n\r\n", "answered"]


def test_the_answer_to_head_has_no_body():
    length = (b"content-length", b"3")
    written = answer(start(length), body(b"one"), method="HEAD")
    assert written == [b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", "answered"]


@pytest.mark.parametrize(
    ("headers", "keep_alive"), [([(b"connection", b"close")], True), ([], False)], ids=["said", "asked"]
)
def test_a_connection_that_closes_says_so_once(headers: list[tuple[bytes, bytes]], keep_alive: bool):
    head, *rest = answer(start(*headers, status=204), body(b""), keep_alive=keep_alive)
    assert cast("bytes", head).count(b"connection: close\r\n") == 1
    assert rest == ["closed", "answered"]


@pytest.mark.parametrize("piece", [b"longer", b"s"])
def test_a_body_is_as_long_as_was_said(piece: bytes):
    with pytest.raises(RuntimeError):
        answer(start((b"content-length", b"3")), body(piece))


@pytest.mark.parametrize(
    "header", [(b"x", b"a\r\nb: c"), (b"x", b"a\nb"), (b"x", b"a\rb"), (b"x", b"\0"), (b"x\r\ny", b"a")]
)
def test_a_header_holds_no_other(header: tuple[bytes, bytes]):
    with pytest.raises(RuntimeError):
        answer(start(header))


@pytest.mark.parametrize("messages", [[body(b"")], [start(), start()], [start(), body(b""), body(b"")]])
def test_what_is_out_of_turn_is_refused(messages: list[dict[str, Any]]):
    with pytest.raises(RuntimeError):
        answer(*messages)


def test_a_request_for_the_head_alone_is_answered(service: Service, key: Key):
    for path in ("/v1/models", "/health/live", "/v1/chat/completions"):
        answer = httpx.head(service.base_url + path, headers=key.headers)
        assert answer.status_code in (200, 405)
