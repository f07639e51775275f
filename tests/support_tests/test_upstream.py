"""The scripted upstream says what its scripts tell it, misbehaves where told, and remembers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import msgspec
import openai
import pytest

from tests.support.patience import PATIENCE
from tests.support.script import ErrorBody, Script, ToolCall
from tests.support.upstream import Upstream, until, upstream_in_thread
from tests.support.wires.frames import Tokens

pytestmark = pytest.mark.anyio

WIRES = ("chat/completions", "responses", "messages")
CALLS = (ToolCall("one", ('{"a"', ": 1}")), ToolCall("two", ('{"b": ', "2", "}")))


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


def asked(model: str = "scripted-1", *, stream: bool = True, **more: Any) -> dict[str, Any]:
    """A request that every wire understands well enough."""
    said = [{"role": "user", "content": "four words in all"}]
    return {"model": model, "messages": said, "input": said, "stream": stream, **more}


async def body_of(session: aiohttp.ClientSession, upstream: Upstream, wire: str, **request: Any) -> bytes:
    url = f"{upstream.base_url}/v1/{wire}"
    async with session.post(url, json=asked(**request)) as response:
        return await response.read()


# What the official SDKs make of it


async def chat_text(upstream: Upstream, script: Script) -> Any:
    upstream.enqueue(script)
    async with (
        openai.AsyncOpenAI(api_key="k", base_url=f"{upstream.base_url}/v1", max_retries=0) as client,
        client.chat.completions.stream(
            model="m", messages=[{"role": "user", "content": "hi"}], stream_options={"include_usage": True}
        ) as stream,
    ):
        return await stream.get_final_completion()


async def responses_final(upstream: Upstream, script: Script) -> Any:
    upstream.enqueue(script)
    async with (
        openai.AsyncOpenAI(api_key="k", base_url=f"{upstream.base_url}/v1", max_retries=0) as client,
        client.responses.stream(model="m", input="hi") as stream,
    ):
        return await stream.get_final_response()


async def message_final(upstream: Upstream, script: Script) -> Any:
    upstream.enqueue(script)
    async with (
        anthropic.AsyncAnthropic(api_key="k", base_url=upstream.base_url, max_retries=0) as client,
        client.messages.stream(
            model="m", max_tokens=99, messages=[{"role": "user", "content": "hi"}]
        ) as stream,
    ):
        return await stream.get_final_message()


@pytest.mark.parametrize("interleaved", [False, True])
async def test_openai_sdk_accumulates_a_chat_stream_with_calls(upstream: Upstream, interleaved: bool) -> None:
    usage = Tokens(input=9, cached=4, output=7, reasoning=2)
    final = await chat_text(
        upstream, Script(text=("Hel", "lo"), calls=CALLS, interleaved=interleaved, usage=usage)
    )
    message = final.choices[0].message
    assert message.content == "Hello"
    assert [call.function.arguments for call in message.tool_calls] == ['{"a": 1}', '{"b": 2}']
    assert (final.usage.prompt_tokens, final.usage.completion_tokens) == (9, 7)
    assert final.usage.prompt_tokens_details.cached_tokens == 4


@pytest.mark.parametrize("interleaved", [False, True])
async def test_openai_sdk_accumulates_a_responses_stream(upstream: Upstream, interleaved: bool) -> None:
    script = Script(text=("Hel", "lo"), reasoning=("hm",), calls=CALLS, interleaved=interleaved)
    final = await responses_final(upstream, script)
    assert final.output_text == "Hello"
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call", "function_call"]
    assert final.output[3].arguments == '{"b": 2}'
    assert final.usage.total_tokens == final.usage.input_tokens + final.usage.output_tokens


@pytest.mark.parametrize("interleaved", [False, True])
async def test_anthropic_sdk_accumulates_a_messages_stream(upstream: Upstream, interleaved: bool) -> None:
    usage = Tokens(input=20, cached=5, cache_write=3, cache_write_1h=2, output=8)
    script = Script(text=("Hel", "lo"), reasoning=("hm",), calls=CALLS, interleaved=interleaved, usage=usage)
    final = await message_final(upstream, script)
    assert [block.type for block in final.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert final.content[3].input == {"b": 2}
    assert (final.usage.input_tokens, final.usage.cache_creation_input_tokens) == (10, 5)
    assert final.stop_reason == "tool_use"


async def test_a_refusal_is_seen_by_both_openai_wires(upstream: Upstream) -> None:
    script = Script(refusal=("I", " won't"))
    assert (await chat_text(upstream, script)).choices[0].message.refusal == "I won't"
    assert (await responses_final(upstream, script)).output[0].content[0].refusal == "I won't"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_whole_answer_says_what_the_stream_said(
    upstream: Upstream, session: aiohttp.ClientSession, wire: str
) -> None:
    await body_of(session, upstream, wire, stream_options={"include_usage": True})
    await body_of(session, upstream, wire, stream=False)
    streamed, whole = upstream.exchanges
    assert streamed.text_sent == whole.text_sent == "You said: four words in all"
    assert streamed.reported == whole.reported
    assert whole.events_sent == 1


# What it counts


@pytest.mark.parametrize("wire", WIRES)
async def test_the_default_answer_counts_words_in_and_pieces_out(
    upstream: Upstream, session: aiohttp.ClientSession, wire: str
) -> None:
    request = asked(stream=False)
    request.pop("input" if wire != "responses" else "messages")
    async with session.post(f"{upstream.base_url}/v1/{wire}", json=request) as response:
        assert response.status == 200
    assert upstream.exchanges[0].reported == Tokens(input=4, output=6)


@pytest.mark.parametrize(("times", "frames"), [(0, 0), (1, 1), (2, 2)])
async def test_usage_is_reported_as_often_as_told(
    upstream: Upstream, session: aiohttp.ClientSession, times: int, frames: int
) -> None:
    upstream.enqueue(Script(usage_times=times))
    body = await body_of(session, upstream, WIRES[0], stream_options={"include_usage": True})
    assert body.count(b'"usage":{') == frames
    assert (upstream.exchanges[0].reported is None) == (times == 0)


async def test_the_caller_s_cap_shortens_the_default_answer(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    body = await body_of(session, upstream, WIRES[0], max_tokens=2)
    assert upstream.exchanges[0].text_sent == "You said:"
    assert b'"finish_reason":"length"' in body


# How it errs


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
async def test_errors_come_in_the_wire_s_own_envelope(
    upstream: Upstream, session: aiohttp.ClientSession, wire: str, status: int
) -> None:
    upstream.enqueue(Script(status=status, headers={"retry-after": "7"}, error=ErrorBody("no", "some_type")))
    async with session.post(f"{upstream.base_url}/v1/{wire}", json=asked()) as response:
        body = await response.json()
        assert (response.status, response.headers["retry-after"]) == (status, "7")
    assert body["error"]["type"] == "some_type"
    assert ("request_id" in body) == (wire == "messages")


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_can_fail_in_the_middle(
    upstream: Upstream, session: aiohttp.ClientSession, wire: str
) -> None:
    upstream.enqueue(Script(fail_after_events=3))
    body = await body_of(session, upstream, wire)
    assert upstream.exchanges[0].events_sent == 4
    assert b"scripted failure" in body.rstrip().splitlines()[-1]


async def test_an_error_body_can_be_any_bytes(upstream: Upstream, session: aiohttp.ClientSession) -> None:
    upstream.enqueue(Script(status=502, error=b"<html>", content_type="text/html"))
    assert await body_of(session, upstream, WIRES[0]) == b"<html>"


# How it misbehaves


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("cut", ["close", "reset"])
async def test_a_cut_stream_breaks_off_and_counts_what_was_sent(
    upstream: Upstream, session: aiohttp.ClientSession, wire: str, cut: Any
) -> None:
    upstream.enqueue(Script(cut_after_events=3, cut=cut))
    with pytest.raises(aiohttp.ClientError):
        await body_of(session, upstream, wire)
    assert upstream.exchanges[0].events_sent == 3
    assert upstream.exchanges[0].disconnected_at is None


async def test_a_cut_can_look_like_the_end(upstream: Upstream, session: aiohttp.ClientSession) -> None:
    upstream.enqueue(Script(cut_after_events=2, cut="end"))
    body = await body_of(session, upstream, WIRES[0])
    assert body.count(b"data: ") == 2
    await body_of(session, upstream, WIRES[0])


@pytest.mark.parametrize("at", [0, 1, 100, 333])
async def test_a_cut_may_fall_on_any_byte(
    upstream: Upstream, session: aiohttp.ClientSession, at: int
) -> None:
    upstream.enqueue(Script(cut_after_bytes=at, cut="end"))
    assert len(await body_of(session, upstream, WIRES[1])) == at
    assert upstream.exchanges[0].bytes_sent == at


async def test_trickled_bytes_add_up_to_the_same_answer(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.enqueue(Script(text=("a", "b"), trickle=(50, 0.001)))
    body = await body_of(session, upstream, WIRES[0])
    assert body.endswith(b"data: [DONE]\n\n")
    assert upstream.exchanges[0].text_sent == "ab"


async def test_inserted_bytes_stand_before_the_event(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.enqueue(Script(insert=((0, b": hello\n\n"), (1, b"\x00\xff\n\n"))))
    body = await body_of(session, upstream, WIRES[0])
    assert body.startswith(b": hello\n\ndata: ")
    assert b"\n\n\x00\xff\n\ndata: " in body


async def test_done_and_content_type_can_be_left_wrong(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.enqueue(Script(done=False, content_type="text/html"))
    async with session.post(f"{upstream.base_url}/v1/{WIRES[0]}", json=asked()) as response:
        assert response.content_type == "text/html"
        assert b"[DONE]" not in await response.read()


async def test_a_reset_gives_no_answer(upstream: Upstream, session: aiohttp.ClientSession) -> None:
    upstream.enqueue(Script(reset=True))
    with pytest.raises(aiohttp.ClientError):
        await body_of(session, upstream, WIRES[0])
    assert len(upstream.exchanges) == 1


async def test_connections_can_be_reset_as_they_are_made(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.resets_left = 1
    with pytest.raises(aiohttp.ClientError):
        await body_of(session, upstream, WIRES[0])
    assert upstream.exchanges == []


async def test_a_stopped_upstream_refuses_connections(session: aiohttp.ClientSession) -> None:
    upstream = Upstream()
    await upstream.start()
    await upstream.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await body_of(session, upstream, WIRES[0])


async def test_headers_can_be_slow(upstream: Upstream, session: aiohttp.ClientSession) -> None:
    upstream.enqueue(Script(header_delay=0.1))
    began = time.monotonic()
    async with session.post(f"{upstream.base_url}/v1/{WIRES[0]}", json=asked()):
        assert time.monotonic() - began >= 0.1


# What it sees


async def test_a_stalled_answer_goes_on_when_released(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.enqueue(Script(stall_after_events=2), Script(stall_after_events=2, stall=asyncio.Event()))
    readers = [asyncio.ensure_future(body_of(session, upstream, WIRES[0])) for _ in range(2)]
    await until(lambda: [exchange.events_sent for exchange in upstream.exchanges] == [2, 2])
    upstream.release()
    assert all(body.endswith(b"[DONE]\n\n") for body in await asyncio.gather(*readers))


async def test_a_client_that_leaves_a_stalled_answer_is_noticed_at_once(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.enqueue(Script(stall_after_events=2))
    async with session.post(f"{upstream.base_url}/v1/{WIRES[0]}", json=asked()) as response:
        await response.content.readany()
        left = time.monotonic()
        response.close()
    exchange = upstream.exchanges[0]
    await until(lambda: exchange.disconnected_at is not None)
    assert exchange.disconnected_at is not None
    assert 0 <= exchange.disconnected_at - left < PATIENCE
    assert not exchange.whole


async def test_a_rule_sees_the_request_and_may_leave_it_to_the_model_s_name(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    upstream.answer_with(lambda exchange: Script(text=("ruled",)) if exchange.number == 1 else None)
    assert b"ruled" in await body_of(session, upstream, WIRES[0], model="words-3")
    assert b"w2 " in await body_of(session, upstream, WIRES[0], model="words-3")
    assert [exchange.model for exchange in upstream.exchanges] == ["words-3"] * 2


async def test_a_body_that_is_no_json_is_recorded_and_refused(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    async with session.post(f"{upstream.base_url}/v1/{WIRES[0]}", data=b"{") as response:
        assert response.status == 400
    assert (upstream.exchanges[0].body, upstream.exchanges[0].raw) == ({}, b"{")


@pytest.mark.parametrize("wire", WIRES)
async def test_the_tool_model_calls_once_and_then_answers(
    upstream: Upstream, session: aiohttp.ClientSession, wire: str
) -> None:
    tools = [{"name": "find", "function": {"name": "find"}}]
    call = await body_of(session, upstream, wire, model="tool", tools=tools, stream=False)
    assert b'"find"' in call
    result = {"type": "function_call_output", "role": "tool", "output": "x", "content": "x"}
    request = {**asked("tool", stream=False), "messages": [result], "input": [result], "tools": tools}
    async with session.post(f"{upstream.base_url}/v1/{wire}", json=request) as response:
        assert b'"find"' not in await response.read()


async def test_models_are_listed_and_other_paths_unknown(
    upstream: Upstream, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{upstream.base_url}/v1/models") as response:
        assert "stall" in {model["id"] for model in (await response.json())["data"]}
    async with session.get(f"{upstream.base_url}/v1/nothing") as response:
        assert response.status == 404


async def test_chunked_request_bodies_are_read(upstream: Upstream, session: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        whole = msgspec.json.encode(asked())
        yield whole[:10]
        yield whole[10:]

    async with session.post(f"{upstream.base_url}/v1/{WIRES[0]}", data=pieces()) as response:
        assert response.status == 200
    assert upstream.exchanges[0].model == "scripted-1"


def test_it_runs_in_a_thread_for_synchronous_clients() -> None:
    with (
        upstream_in_thread() as upstream,
        openai.OpenAI(api_key="k", base_url=f"{upstream.base_url}/v1", max_retries=0) as client,
    ):
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert answer.choices[0].message.content == "You said: hi"
        assert upstream.exchanges[0].model == "m"
