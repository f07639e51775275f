"""One exchange on a connection: bodies of every framing, what is wrong with them, and who may come next."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Mapping

import aiohttp
import pytest

from providers.sending import LARGE_BODY
from providers.transport import Timeouts, Upstream
from specs.errors import (
    UpstreamConnectFailed,
    UpstreamCut,
    UpstreamError,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from specs.events import StepEnded
from tests.support.told_server import (
    CHUNKED,
    STREAM,
    Echo,
    answering,
    chunked,
    drained,
    opened,
    response,
    served,
    told,
)

pytestmark = pytest.mark.anyio

FRAMES = b"data: a\n\ndata: stop\n\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\ncontent-length: 0\r\n\r\n"


async def answered(*pieces: bytes | float) -> list[list[str]]:
    async with served(answering(*pieces)) as upstream:
        return [told(batch) for batch in await drained(await opened(upstream))]


@pytest.mark.parametrize(
    "answer",
    [
        response(b"200 OK", FRAMES, b"content-type: text/event-stream"),
        CHUNKED + chunked(FRAMES) + b"0\r\n\r\n",
        CHUNKED + b"".join(chunked(bytes((byte,))) for byte in FRAMES) + b"0\r\nx-trailer: b\r\n\r\n",
        STREAM + b"\r\n" + FRAMES,
        STREAM.replace(b"1.1", b"1.0") + b"\r\n" + FRAMES,
        STREAM.replace(b"\r\n", b"\n") + b"\n" + FRAMES,
        EARLY + EARLY + CHUNKED + chunked(FRAMES) + b"0\r\n\r\n",
        CHUNKED + b"15;x=y\r\n" + FRAMES + b"\r\n0\r\n\r\n",
    ],
    ids=[
        "length",
        "chunks",
        "byte by byte",
        "to the end",
        "HTTP/1.0",
        "bare line feeds",
        "early",
        "extension",
    ],
)
async def test_a_body_is_read_however_it_is_framed(answer: bytes) -> None:
    assert await answered(answer) == [["a"]]


@pytest.mark.parametrize(
    ("encoding", "body"), [(b"gzip", gzip.compress(FRAMES)), (b"deflate", zlib.compress(FRAMES))]
)
async def test_what_comes_compressed_is_read_all_the_same(encoding: bytes, body: bytes) -> None:
    head = b"content-type: text/event-stream", b"content-encoding: " + encoding
    answer = response(b"200 OK", body, *head)
    assert await answered(answer[:-4], 0.02, answer[-4:]) == [["a"]]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (CHUNKED + b"zz\r\n", UpstreamCut),
        (STREAM + b"content-length: 9\r\n\r\ndata: a\n\n"[:-1], UpstreamCut),
        (STREAM + b"content-encoding: gzip\r\n\r\nnot so", UpstreamCut),
        (b"what is this\r\n\r\n", UpstreamGarbled),
        (STREAM + b"x-long: " + b"a" * 2**17, UpstreamGarbled),
        (STREAM + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", UpstreamGarbled),
        (EARLY, UpstreamCut),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nabc", UpstreamGarbled),
    ],
    ids=["chunk", "short", "not compressed", "no HTTP", "head", "two lengths", "only early", "upgrade"],
)
async def test_what_is_wrong_with_an_answer_is_told(answer: bytes, kind: type[UpstreamError]) -> None:
    with pytest.raises(kind):
        await answered(answer)


async def connections_for(first: bytes) -> int:
    """How many connections two requests take whose answers both are this."""
    made = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        try:
            while await reader.readuntil(b"\r\n\r\n{}"):
                writer.write(first)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, aiohttp.ClientSession() as session:
        upstream = Upstream(session, url, {}, Timeouts())
        for _ in range(2):
            assert [type(batch[-1]) for batch in await drained(await opened(upstream))] == [StepEnded]
    return made


async def test_only_a_connection_that_is_as_it_should_be_is_used_again() -> None:
    whole = response(b"200 OK", b"data: stop\n\n", b"content-type: text/event-stream")
    assert await connections_for(whole) == 1
    assert await connections_for(whole.replace(b"content-type", b"connection: close\r\ncontent-type")) == 2
    assert await connections_for(whole.replace(b"1.1", b"1.0")) == 2
    assert await connections_for(whole + b"and more") == 2
    assert await connections_for(whole + whole) == 2


async def test_a_reader_that_is_late_holds_the_server_back_and_misses_nothing() -> None:
    size, count = 2**16, 400
    sent = 0

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(CHUNKED)
        frame = b": %b\n\n" % (b"x" * (size - 4))
        for _ in range(count):
            writer.write(chunked(frame))
            await writer.drain()
            sent += 1
        writer.write(chunked(FRAMES) + b"0\r\n\r\n")

    async with served(handler) as upstream:
        stream = await opened(upstream)
        seen = -1
        while seen != sent:
            seen = sent
            await asyncio.sleep(0.2)
        assert sent < count
        assert [told(batch) for batch in await drained(stream)] == [["a"]]
    assert sent == count


async def test_a_server_that_stops_within_its_head_is_timed() -> None:
    async with served(answering(STREAM, 30.0), first_byte=0.1) as upstream:
        with pytest.raises(UpstreamTimeout):
            await opened(upstream)


async def asked(body: bytes, **headers: str) -> bytes:
    """The bytes of a request with this body."""
    seen = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.set_result(head + await reader.readexactly(len(body)))
        writer.write(response(b"503 No", b""))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        upstream = Upstream(session, f"http://u:p@127.0.0.1:{port}/v1/", {"X-Team": "a"}, Timeouts())
        with pytest.raises(UpstreamUnavailable):
            await upstream.open("/models/a b?c=d", body, Echo(), headers=headers)
        return (await seen).replace(str(port).encode(), b"80")


async def test_a_request_is_written_as_it_should_be() -> None:
    head, _, body = (await asked(b"{}", **{"x-team": "b", "x-more": "ü"})).partition(b"\r\n\r\n")
    line, *lines = head.decode().splitlines()
    headers = dict(each.split(": ", 1) for each in lines)
    assert line == "POST /v1/models/a%20b?c=d HTTP/1.1"
    assert len(headers) == len(lines)
    assert "aiohttp" in headers.pop("user-agent")
    assert headers == {
        "host": "127.0.0.1:80",
        "authorization": "Basic dTpw",
        "content-type": "application/json",
        "accept": "text/event-stream, application/json",
        "accept-encoding": "identity",
        "content-length": "2",
        "x-team": "b",
        "x-more": "ü",
    }
    assert body == b"{}"


async def test_a_large_body_is_written_whole() -> None:
    body = bytes(range(256)) * (LARGE_BODY // 256 * 3 + 1)
    assert (await asked(body)).endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("headers", [{"x-a": "b\r\nx-c: d"}, {"x-a\n": "b"}, {"x-a": "\0"}])
async def test_a_header_with_a_line_break_is_not_sent(headers: Mapping[str, str]) -> None:
    async with served(answering(response(b"200 OK", b""))) as upstream:
        with pytest.raises(ValueError, match="line break"):
            await upstream.open("/x", b"{}", Echo(), headers=headers)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http:///v1", "127.0.0.1"])
async def test_an_address_that_is_none_is_a_connect_failure(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(UpstreamConnectFailed):
            await opened(Upstream(session, url, {}, Timeouts()))


async def test_a_session_that_is_closed_reaches_nothing() -> None:
    async with served(answering()) as upstream:
        pass
    with pytest.raises(UpstreamConnectFailed):
        await opened(upstream)
