"""The official openai SDK, unchanged, is the judge."""

from __future__ import annotations

import json

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.support.house import Key, Service
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENTS = ("agent_support", "agent_answers", "agent_letters")
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture
def client(service: Service, key: Key):
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("agent", AGENTS)
def test_chat_streams_to_what_the_whole_answer_is(agent, client, upstream: Upstream):
    script = Script(
        reasoning=("hm ",), text=("Good ", "day"), usage=Tokens(input=20, cached=8, output=9, reasoning=3)
    )
    upstream.enqueue(script, script)
    messages = [{"role": "user", "content": "Hello"}]
    whole = client.chat.completions.create(model=agent, messages=messages)
    with client.chat.completions.stream(
        model=agent, messages=messages, stream_options={"include_usage": True}
    ) as stream:
        streamed = stream.until_done().get_final_completion()
    assert streamed.choices[0].message.content == whole.choices[0].message.content == "Good day"
    assert streamed.usage == whole.usage
    assert whole.usage.prompt_tokens_details.cached_tokens == 8


@pytest.mark.parametrize("agent", AGENTS)
def test_responses_stream_to_what_the_whole_answer_is(agent, client, upstream: Upstream):
    script = Script(reasoning=("hm ",), text=("Good ", "day"), usage=Tokens(input=20, cached=8, output=9))
    upstream.enqueue(script, script)
    whole = client.responses.create(model=agent, input="Hello", reasoning={"summary": "auto"})
    with client.responses.stream(model=agent, input="Hello", reasoning={"summary": "auto"}) as stream:
        streamed = stream.until_done().get_final_response()
    assert streamed.output_text == whole.output_text == "Good day"
    assert streamed.usage == whole.usage
    assert [item.type for item in streamed.output] == [item.type for item in whole.output]


def test_chat_parses_to_a_model(client, upstream: Upstream):
    upstream.enqueue(Script(text=('{"name":"Ada",', '"age":36}')))
    parsed = client.chat.completions.parse(
        model="agent_support", messages=[{"role": "user", "content": "Who?"}], response_format=Person
    )
    assert parsed.choices[0].message.parsed == Person(name="Ada", age=36)
    assert upstream.exchanges[0].body["response_format"]["type"] == "json_schema"


def test_responses_parse_to_a_model(client, upstream: Upstream):
    upstream.enqueue(Script(text=('{"name":"Ada",', '"age":36}')))
    parsed = client.responses.parse(model="agent_support", input="Who?", text_format=Person)
    assert parsed.output_parsed == Person(name="Ada", age=36)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_chat_tool_round_trip(agent, client, upstream: Upstream):
    upstream.enqueue(Script(calls=(ToolCall("weather", ('{"city":', '"Oslo"}')),)), Script(text=("Sunny",)))
    messages: list = [{"role": "user", "content": "Weather?"}]
    with client.chat.completions.stream(model=agent, messages=messages, tools=[TOOL]) as stream:
        message = stream.until_done().get_final_completion().choices[0].message
    call = message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    messages += [message.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "21"}]
    assert (
        client.chat.completions.create(model=agent, messages=messages, tools=[TOOL])
        .choices[0]
        .message.content
        == "Sunny"
    )


@pytest.mark.parametrize("agent", AGENTS)
def test_a_responses_tool_round_trip(agent, client, upstream: Upstream):
    upstream.enqueue(
        Script(reasoning=("hm",), calls=(ToolCall("weather", ('{"city":', '"Oslo"}')),)),
        Script(text=("Sunny",)),
    )
    tool = {"type": "function", **TOOL["function"]}
    include = ["reasoning.encrypted_content"]
    first = client.responses.create(model=agent, input="Weather?", tools=[tool], store=False, include=include)
    call = next(item for item in first.output if item.type == "function_call")
    history = [
        {"role": "user", "content": "Weather?"},
        *[item.to_dict() for item in first.output],
        {"type": "function_call_output", "call_id": call.call_id, "output": "21"},
    ]
    assert (
        client.responses.create(model=agent, input=history, tools=[tool], store=False).output_text == "Sunny"
    )


@pytest.mark.anyio
async def test_the_async_client_streams_both_apis(service: Service, key: Key, upstream: Upstream):
    text = []
    async with AsyncOpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        async for chunk in await client.chat.completions.create(
            model="agent_support", messages=[{"role": "user", "content": "Hi"}], stream=True
        ):
            text += [choice.delta.content or "" for choice in chunk.choices]
        async with client.responses.stream(model="agent_support", input="Hi") as stream:
            final = await (await stream.until_done()).get_final_response()
    assert final.output_text == "".join(text) != ""


def test_models_list_and_retrieve(client):
    ids = [model.id for model in client.models.list()]
    assert "agent_support" in ids
    assert client.models.retrieve("agent_support").owned_by == "local"


@pytest.mark.parametrize(
    ("agent", "error"), [("agent_x", openai.NotFoundError), ("agent_nowhere", openai.InternalServerError)]
)
def test_errors_are_the_sdks_own(agent, error, client):
    with pytest.raises(error):
        client.chat.completions.create(model=agent, messages=[{"role": "user", "content": "Hi"}])


def test_an_empty_balance_is_a_rate_limit_error_that_is_not_retried(service: Service, upstream: Upstream):
    client = OpenAI(base_url=service.base_url + "/v1", api_key=service.key(nano=1).secret)
    with client, pytest.raises(openai.RateLimitError) as caught:
        client.responses.create(model="agent_support", input="Hi")
    assert caught.value.code == "insufficient_quota"


def test_a_stream_that_dies_raises_in_chat_and_ends_failed_in_responses(client, upstream: Upstream):
    cut = Script(text=("one ", "two ", "three"), cut_after_events=3)
    upstream.enqueue(cut, cut)
    with pytest.raises(openai.APIError):
        for _ in client.chat.completions.create(
            model="agent_support", messages=[{"role": "user", "content": "Hi"}], stream=True
        ):
            pass
    events = list(client.responses.create(model="agent_support", input="Hi", stream=True))
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.code
