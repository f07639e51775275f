"""HTTP to a provider: frames, batches, timeouts, failures; against a server that does what it is told."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import client_exceptions
from hypothesis import given
from hypothesis import strategies as st

from providers.failures import (
    EXCEPTIONS,
    UpstreamComplaint,
    failure_from_error,
    failure_from_exception,
    failure_from_response,
    read_complaint,
    retry_after,
)
from providers.sse import SSESplitter
from providers.transport import Timeouts, Upstream
from specs.errors import (
    UpstreamConnectFailed,
    UpstreamContextTooLong,
    UpstreamCredentialRefused,
    UpstreamCut,
    UpstreamError,
    UpstreamGarbled,
    UpstreamModelMissing,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from specs.events import StepEnded
from tests.support.frames import split
from tests.support.patience import PATIENCE
from tests.support.told_server import (
    CHUNKED,
    Echo,
    answering,
    chunked,
    drained,
    opened,
    response,
    served,
    told,
)

anyio = pytest.mark.anyio


# frames


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")]),
        (b"data:a\n\n", [("", b"a")]),
        (b"data:  a\n\n", [("", b" a")]),
        (b"event: x\ndata: a\n\n", [("x", b"a")]),
        (b"data: a\nevent: x\n\n", [("x", b"a")]),
        (b"data: a\ndata: b\n\n", [("", b"a\nb")]),
        (b"event: x\ndata: a\ndata:\n\n", [("x", b"a\n")]),
        (b": hello\n\ndata: a\n\n", [("", b"a")]),
        (b": hello\ndata: a\n\n", [("", b"a")]),
        (b"id: 1\nretry: 5\ndata: a\n\n", [("", b"a")]),
        (b"event: ping\n\n", []),
        (b"data: \n\n", []),
        (b"\n\n\n\ndata: a\n\n\n", [("", b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a"), ("", b"b")]),
        (b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")]),
        (b"data: a\n\ndata: last", [("", b"a"), ("", b"last")]),
        (b"data: \xc3\xbc\n\n", [("", b"\xc3\xbc")]),
        (b"", []),
        (b"\xef\xbb", []),
    ],
)
def test_frames_however_they_are_cut(body: bytes, frames: list[tuple[str, bytes]]) -> None:
    assert split(body) == frames
    assert split(*(body[at : at + 1] for at in range(len(body)))) == frames


@given(
    st.lists(st.sampled_from([b"data: a", b"event: x", b"\n", b"\r", b"\r\n", b":", b"\xef\xbb\xbf"])),
    st.data(),
)
def test_any_cut_gives_the_same_frames(pieces: list[bytes], data: st.DataObject) -> None:
    body = b"".join(pieces)
    at = data.draw(st.integers(0, len(body)))
    assert split(body[:at], body[at:]) == split(body)


def test_a_frame_that_never_ends_is_refused() -> None:
    splitter = SSESplitter(max_frame=10)
    splitter.feed(b"data: 1234")
    with pytest.raises(UpstreamGarbled):
        splitter.feed(b"5")


# failures


CLASSES = [
    value
    for value in vars(client_exceptions).values()
    if isinstance(value, type) and issubclass(value, aiohttp.ClientError)
]


@pytest.mark.parametrize(
    "kind", [*CLASSES, TimeoutError, OSError, ConnectionResetError], ids=lambda kind: kind.__name__
)
def test_every_exception_of_the_network_is_mapped(kind: type[Exception]) -> None:
    assert kind in EXCEPTIONS or kind is ConnectionResetError
    mapped = failure_from_exception(kind.__new__(kind))
    assert (type(mapped) is UpstreamError) == (kind is aiohttp.ClientError)


@pytest.mark.parametrize(
    ("status", "body", "kind", "retried"),
    [
        (400, b"{}", UpstreamRejected, False),
        (400, b'{"error":{"code":"context_length_exceeded"}}', UpstreamContextTooLong, False),
        (
            400,
            b'{"error":{"message":"This model\'s maximum context length is 8"}}',
            UpstreamContextTooLong,
            False,
        ),
        (400, b'{"error":{"message":"Incorrect API key provided: sk-1"}}', UpstreamCredentialRefused, False),
        (400, b'{"error":{"type":"invalid_model"}}', UpstreamModelMissing, False),
        (400, b'{"error":{"type":"server_error"}}', UpstreamRejected, False),
        (401, b"", UpstreamCredentialRefused, False),
        (402, b"", UpstreamCredentialRefused, False),
        (403, b"", UpstreamCredentialRefused, False),
        (404, b"<html>", UpstreamModelMissing, False),
        (405, b"", UpstreamError, False),
        (408, b"", UpstreamTimeout, True),
        (409, b"", UpstreamUnavailable, True),
        (413, b"", UpstreamRejected, False),
        (422, b'{"detail":[{"msg":"x"}]}', UpstreamRejected, False),
        (429, b"", UpstreamRateLimited, True),
        (429, b'{"error":{"code":"insufficient_quota"}}', UpstreamRateLimited, False),
        (500, b"", UpstreamUnavailable, True),
        (502, b"", UpstreamUnavailable, True),
        (503, b"", UpstreamUnavailable, True),
        (504, b"", UpstreamTimeout, True),
        (529, b"", UpstreamUnavailable, True),
        (302, b"", UpstreamError, False),
    ],
)
def test_every_status_has_its_class(
    status: int, body: bytes, kind: type[UpstreamError], retried: bool
) -> None:
    failure = failure_from_response(status, {}, body)
    assert (type(failure), failure.retried) == (kind, retried)


def test_the_message_of_a_400_is_passed_on_cut_and_clean() -> None:
    message = "temp\\u0000erature: \\n" + "x" * 400
    failure = failure_from_response(400, {}, f'{{"error":{{"message":"{message}"}}}}'.encode())
    assert "temp erature:" in failure.message
    assert len(failure.message) < 400
    assert failure.message.isprintable()


@pytest.mark.parametrize("status", [401, 404, 413, 422, 429, 500])
def test_no_other_message_is_passed_on(status: int) -> None:
    failure = failure_from_response(status, {}, b'{"error":{"message":"sk-secret"}}')
    assert "sk-secret" not in failure.message


def test_a_wire_may_read_its_own_code() -> None:
    failure = failure_from_response(400, {}, b"too long!", error_code=lambda body: "context_length_exceeded")
    assert type(failure) is UpstreamContextTooLong


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"error":{"code":"c","type":"t","message":"m"}}', UpstreamComplaint("c", "m")),
        (b'{"error":{"code":null,"type":"t","message":"m"}}', UpstreamComplaint("t", "m")),
        (b'{"error":{"code":"odd","type":"rate_limit_error"}}', UpstreamComplaint("rate_limit_error")),
        (b'{"error":{"code":429,"message":"m"}}', UpstreamComplaint("429", "m")),
        (b'{"type":"error","error":{"type":"overloaded_error"}}', UpstreamComplaint("overloaded_error")),
        (b'{"error":"m"}', UpstreamComplaint("", "m")),
        (b'{"code":"c","message":"m"}', UpstreamComplaint("c", "m")),
        (b'[{"error":{"code":400,"message":"m"}}]', UpstreamComplaint("400", "m")),
        (b"[]", UpstreamComplaint()),
        (b'{"error":[1]}', UpstreamComplaint()),
        (b"<html>", UpstreamComplaint()),
        (b'"\xff"', UpstreamComplaint()),
    ],
)
def test_error_bodies_of_every_shape_are_read(body: bytes, complaint: UpstreamComplaint) -> None:
    assert read_complaint(body) == complaint


def test_an_unknown_code_in_a_stream_is_an_upstream_error() -> None:
    assert type(failure_from_error(UpstreamComplaint("odd", "m"))) is UpstreamError


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=60.0) == seconds


# over a socket


@anyio
async def test_one_read_is_one_batch() -> None:
    first, second = chunked(b"data: a\n\ndata: b\n\n"), chunked(b"data: c\n\ndata: stop\n\n")
    async with served(answering(CHUNKED, first, 0.05, second, b"0\r\n\r\n")) as upstream:
        batches = [told(batch) for batch in await drained(await opened(upstream))]
    assert batches == [["a", "b"], ["c"]]


@anyio
async def test_reads_without_events_are_not_batches() -> None:
    pieces = [
        chunked(b"da"),
        0.02,
        chunked(b"ta: quiet\n\n: ping\n\n"),
        0.02,
        chunked(b"data: a\n\ndata: stop\n\n"),
    ]
    async with served(answering(CHUNKED, *pieces, b"0\r\n\r\n")) as upstream:
        assert [told(batch) for batch in await drained(await opened(upstream))] == [["a"]]


@anyio
async def test_nothing_is_read_after_the_end() -> None:
    body = chunked(b"data: a\n\ndata: stop\n\ndata: b\n\n")
    async with served(answering(CHUNKED, body, 30.0)) as upstream:
        stream = await opened(upstream)
        batches = await drained(stream)
    assert [told(batch) for batch in batches] == [["a"]]
    assert stream.close("error") == []


@anyio
async def test_a_whole_json_answer_is_read_whole() -> None:
    answer = response(b"200 OK", b'{"a":1}', b"content-type: application/json; charset=utf-8")
    async with served(answering(answer[:-3], 0.02, answer[-3:])) as upstream:
        assert [told(batch) for batch in await drained(await opened(upstream))] == [['{"a":1}']]


@anyio
async def test_a_page_is_not_an_answer() -> None:
    async with served(answering(response(b"200 OK", b"<html>", b"content-type: text/html"))) as upstream:
        with pytest.raises(UpstreamGarbled):
            await opened(upstream)


@anyio
async def test_a_refusal_is_raised_on_opening_with_its_wait() -> None:
    refusal = response(b"429 No", b'{"error":{"message":"m"}}', b"retry-after: 3")
    async with served(answering(refusal)) as upstream:
        with pytest.raises(UpstreamRateLimited) as caught:
            await opened(upstream)
    assert caught.value.retry_after == 3


@anyio
async def test_a_refusal_whose_body_is_cut_is_still_known_by_its_status() -> None:
    async with served(answering(b"HTTP/1.1 503 No\r\ncontent-length: 99\r\n\r\n{")) as upstream:
        with pytest.raises(UpstreamUnavailable):
            await opened(upstream)


@anyio
async def test_redirects_are_not_followed() -> None:
    async with served(answering(response(b"302 Found", b"", b"location: http://127.0.0.1:1/"))) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await opened(upstream)
    assert type(caught.value) is UpstreamError


@anyio
async def test_the_request_carries_what_it_should() -> None:
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readexactly(2))
        writer.write(CHUNKED + chunked(b"data: stop\n\n") + b"0\r\n\r\n")

    async with served(handler) as upstream:
        stream = await upstream.open("/x", b"{}", Echo(), headers={"x-more": "b"})
        assert [type(event) for batch in await drained(stream) for event in batch] == [StepEnded]
    assert seen == [b"{}"]


@anyio
@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (b"data: boom\n\n", UpstreamUnavailable),
        (b"data: odd\n\n", UpstreamGarbled),
    ],
)
async def test_what_came_before_a_failure_is_delivered_first(
    ending: bytes, kind: type[UpstreamError]
) -> None:
    async with served(answering(CHUNKED, chunked(b"data: a\n\n" + ending))) as upstream:
        stream = await opened(upstream)
        assert told(await anext(stream)) == ["a"]
        with pytest.raises(kind):
            await anext(stream)
        assert [type(event) for event in stream.close("error")] == [StepEnded]
        assert stream.close("error") == []
        await stream.aclose()


@anyio
@pytest.mark.parametrize("cut", [b"0\r\n\r\n", b"", b"5\r\nab"], ids=["ended early", "closed", "mid chunk"])
async def test_a_stream_that_stops_early_is_cut(cut: bytes) -> None:
    async with served(answering(CHUNKED, chunked(b"data: a\n\n"), cut)) as upstream:
        stream = await opened(upstream)
        with pytest.raises(UpstreamCut):
            await drained(stream)


@anyio
async def test_a_last_frame_without_its_blank_line_counts() -> None:
    async with served(answering(CHUNKED, chunked(b"data: a\n\ndata: stop"), b"0\r\n\r\n")) as upstream:
        batches = await drained(await opened(upstream))
    assert isinstance(batches[-1][-1], StepEnded)


@anyio
async def test_an_answer_complete_but_for_its_last_bytes_is_complete() -> None:
    class Done(Echo):
        def finish(self) -> None:
            self.tracker.end_step("stop")

    async with served(answering(CHUNKED, chunked(b"data: a\n\n"))) as upstream:
        stream = await upstream.open("/x", b"{}", Done())
        batches = await drained(stream)
    assert isinstance(batches[-1][-1], StepEnded)


@anyio
async def test_no_connection_is_a_connect_failure() -> None:
    async with served(answering()) as upstream:
        pass
    async with aiohttp.ClientSession() as session:
        gone = Upstream(session, upstream.base_url, {}, Timeouts())
        with pytest.raises(UpstreamConnectFailed) as caught:
            await opened(gone)
    assert caught.value.retried
    assert isinstance(caught.value.__cause__, aiohttp.ClientConnectorError)


@anyio
async def test_a_server_that_hangs_up_before_answering_is_a_cut() -> None:
    async with served(answering()) as upstream:
        with pytest.raises(UpstreamCut):
            await opened(upstream)


@anyio
async def test_headers_that_do_not_come_are_a_timeout() -> None:
    async with served(answering(30.0), first_byte=0.1) as upstream:
        with pytest.raises(UpstreamTimeout):
            await opened(upstream)


@anyio
async def test_a_first_byte_that_does_not_come_is_a_timeout() -> None:
    async with served(answering(CHUNKED, 30.0), connect=0.1, first_byte=0.1, idle=30) as upstream:
        stream = await opened(upstream)
        with pytest.raises(UpstreamTimeout):
            await anext(stream)


@anyio
async def test_a_stream_that_falls_silent_is_a_timeout() -> None:
    pieces = [CHUNKED, chunked(b"data: a\n\n"), 30.0]
    async with served(answering(*pieces), first_byte=30, idle=0.1) as upstream:
        stream = await opened(upstream)
        await anext(stream)
        with pytest.raises(UpstreamTimeout):
            await anext(stream)


@anyio
async def test_a_slow_stream_that_keeps_talking_is_not() -> None:
    pieces = [piece for _ in range(6) for piece in (chunked(b": ping\n\n"), 0.25)]
    ending = chunked(b"data: stop\n\n")
    async with served(answering(CHUNKED, *pieces, ending), first_byte=30, idle=1.25) as upstream:
        assert len(await drained(await opened(upstream))) == 1


@anyio
async def test_closing_early_tells_the_server_at_once() -> None:
    left = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + chunked(b"data: a\n\n"))
        await reader.readexactly(2)
        await reader.read()
        left.set()

    async with served(handler) as upstream:
        stream = await opened(upstream)
        await anext(stream)
        await stream.aclose()
        async with asyncio.timeout(PATIENCE):
            await left.wait()


@anyio
async def test_a_finished_answer_leaves_its_connection_for_the_next() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while not reader.at_eof():
            try:
                await reader.readuntil(b"\r\n\r\n{}")
            except asyncio.IncompleteReadError:
                break
            writer.write(CHUNKED + chunked(b"data: stop\n\n"))
            await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, aiohttp.ClientSession() as session:
        upstream = Upstream(session, url, {}, Timeouts())
        for _ in range(3):
            stream = await opened(upstream)
            assert [type(batch[-1]) for batch in await drained(stream)] == [StepEnded]
    assert connections == 1
