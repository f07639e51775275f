"""The official SDK, unchanged, is the judge of the Messages API."""

from __future__ import annotations

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from pydantic import BaseModel

from tests.support.house import Key, Service
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENTS = ("agent_support", "agent_answers", "agent_letters")
ASKED = {"max_tokens": 900, "messages": [{"role": "user", "content": "Hello"}]}
WEATHER = {
    "name": "weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SCRIPTS = {
    "text": Script(text=("Good ", "day"), usage=Tokens(input=20, cached=8, output=9)),
    "thinking": Script(reasoning=("hm ", "so"), text=("Good ", "day"), usage=Tokens(input=2, output=9)),
    "calls": Script(
        text=("Look: ",), calls=(ToolCall("weather", ('{"city":', '"Oslo"}')), ToolCall("weather"))
    ),
    "cut by its cap": Script(text=("Good ",), finish="length"),
    "nothing": Script(text=()),
}


class Person(BaseModel):
    name: str
    age: int


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_what_the_sdk_accumulates_is_the_whole_answer(agent, script, client: Anthropic, upstream: Upstream):
    upstream.enqueue(script, script)
    asked = {**ASKED, "model": agent, "tools": [WEATHER]}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    assert _comparable(streamed) == _comparable(whole)


def _comparable(message: anthropic.types.Message) -> dict:
    """A message without what differs between two runs: ids, and what is sealed with one inside."""
    found = message.model_dump(exclude={"id", "content"})
    found["content"] = [
        {
            name: value
            for name, value in block.model_dump().items()
            if value is not None and name not in ("id", "signature", "data", "parsed_output")
        }
        for block in message.content
    ]
    return found


def test_usage_counts_the_cache_beside_the_input(client: Anthropic, upstream: Upstream):
    upstream.enqueue(Script(usage=Tokens(input=20, cached=8, output=9)))
    usage = client.messages.create(model="agent_letters", **ASKED).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (12, 8, 9)


def test_a_stream_is_framed_as_the_sdk_expects(client: Anthropic, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day")))
    with client.messages.stream(model="agent_letters", **ASKED) as stream:
        kinds = [event.type for event in stream]
    assert kinds == [
        "message_start",
        "content_block_start",
        *("content_block_delta", "text") * 2,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize("agent", AGENTS)
def test_a_tool_round_trip(agent, client: Anthropic, upstream: Upstream):
    upstream.enqueue(Script(calls=(ToolCall("weather", ('{"city":', '"Oslo"}')),)), Script(text=("Sunny",)))
    asked = {**ASKED, "model": agent, "tools": [WEATHER]}
    first = client.messages.create(**asked)
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert (call.name, call.input) == ("weather", {"city": "Oslo"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "21 °C"}]}
    messages = [
        *ASKED["messages"],
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = client.messages.create(**{**asked, "messages": messages})
    assert second.content[0].text == "Sunny"
    assert "21 °C" in upstream.exchanges[1].raw.decode()


def test_the_sdks_tool_runner_runs_to_the_end(client: Anthropic, upstream: Upstream):
    @anthropic.beta_tool
    def weather(city: str) -> str:
        """Tell the weather.

        Args:
            city: Where.
        """
        return f"Sunny in {city}"

    upstream.enqueue(Script(calls=(ToolCall("weather", ('{"city":"Oslo"}',)),)), Script(text=("Fine",)))
    runner = client.beta.messages.tool_runner(model="agent_support", tools=[weather], **ASKED)
    assert runner.until_done().content[0].text == "Fine"
    assert "Sunny in Oslo" in upstream.exchanges[1].raw.decode()


def test_structured_outputs_are_parsed(client: Anthropic):
    parsed = client.messages.parse(model="agent_standin", output_format=Person, **ASKED)
    assert isinstance(parsed.parsed_output, Person)


def test_thinking_is_shown_and_goes_back_byte_for_byte(client: Anthropic, upstream: Upstream):
    script = Script(reasoning=("hm ", "so"), calls=(ToolCall("weather"),))
    upstream.enqueue(script, Script())
    asked = {**ASKED, "model": "agent_letters", "tools": [WEATHER]}
    with client.messages.stream(**asked) as stream:
        message = stream.get_final_message()
    thought, call = message.content
    assert (thought.type, thought.thinking) == ("thinking", "hm so")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "ok"}
    client.messages.create(
        **{
            **asked,
            "messages": [
                *ASKED["messages"],
                {"role": "assistant", "content": message.content},
                {"role": "user", "content": [result]},
            ],
        }
    )
    (_, answer, _) = upstream.exchanges[1].body["messages"]
    assert answer["content"][0] == {
        "type": "thinking",
        "thinking": "hm so",
        "signature": script.signature,
    }


@pytest.mark.anyio
async def test_the_async_client_streams(service: Service, key: Key, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day")))
    async with (
        AsyncAnthropic(base_url=service.base_url, auth_token=key.secret, api_key=None) as client,
        client.messages.stream(model="agent_answers", **ASKED) as stream,
    ):
        assert "".join([text async for text in stream.text_stream]) == "Good day"
        final = await stream.get_final_message()
    assert (final.stop_reason, final.model) == ("end_turn", "agent_answers")


def test_tokens_are_counted(client: Anthropic):
    counted = client.messages.count_tokens(model="agent_standin", messages=ASKED["messages"])
    assert counted.input_tokens > 0


def test_models_are_listed_in_pages(client: Anthropic):
    first = client.models.list(limit=2)
    assert (len(first.data), first.has_more) == (2, True)
    known = {model.id for model in client.models.list(limit=3)}
    assert {"agent_support", "agent_standin"} <= known
    before = client.models.list(before_id=first.data[1].id)
    assert [model.id for model in before.data] == [first.data[0].id]
    assert client.models.retrieve("agent_support").display_name == "Support"


@pytest.mark.parametrize(
    ("asked", "error", "kind", "param"),
    [
        ({"model": "agent_x"}, anthropic.NotFoundError, "not_found_error", "model"),
        ({"max_tokens": 0}, anthropic.BadRequestError, "invalid_request_error", "max_tokens"),
        ({"model": "agent_nowhere"}, anthropic.InternalServerError, "api_error", ""),
    ],
)
def test_an_error_is_of_the_sdks_own_class(asked, error, kind, param, client: Anthropic):
    with pytest.raises(error) as raised:
        client.messages.create(**{"model": "agent_support", **ASKED, **asked})
    assert raised.value.type == kind
    assert raised.value.body["error"]["details"]["param"] == param
    assert raised.value.request_id == raised.value.body["request_id"]


def test_a_wrong_key_is_refused(service: Service):
    with (
        Anthropic(base_url=service.base_url, api_key="sk-drg-none", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError),
    ):
        client.messages.create(model="agent_support", **ASKED)


def test_an_overloaded_provider_is_529(client: Anthropic, upstream: Upstream):
    upstream.answer_with(lambda exchange: Script(status=529))
    with pytest.raises(anthropic.InternalServerError) as raised:
        client.messages.create(model="agent_letters", **ASKED)
    assert (raised.value.status_code, raised.value.type) == (529, "overloaded_error")


def test_a_stream_that_dies_raises_and_never_ends_as_if_whole(client: Anthropic, upstream: Upstream):
    upstream.enqueue(Script(text=("one ", "two ", "three"), cut_after_events=3))
    with (
        pytest.raises(anthropic.APIStatusError),
        client.messages.stream(model="agent_letters", **ASKED) as stream,
    ):
        stream.until_done()


def test_the_beta_client_shows_the_same(client: Anthropic, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day")))
    message = client.beta.messages.create(
        model="agent_letters", betas=["interleaved-thinking-2025-05-14", "unknown-2099-01-01"], **ASKED
    )
    assert message.content[0].text == "Good day"


def test_the_stop_sequence_that_was_met_is_told(client: Anthropic):
    message = client.messages.create(model="agent_standin", stop_sequences=["understand", "never"], **ASKED)
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "understand")
    assert message.content[0].text.endswith("I ")


def test_a_long_context_is_compacted_and_goes_on_from_its_summary(client: Anthropic):
    messages = [
        {"role": role, "content": f"{role} {number} " + "word " * 300}
        for number in range(4)
        for role in ("user", "assistant")
    ] + [{"role": "user", "content": "And now?"}]
    edit = {"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 1_000}}
    asked = {"model": "agent_standin", "max_tokens": 4_000, "context_management": {"edits": [edit]}}
    with client.beta.messages.stream(messages=messages, **asked) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["compaction", "text"]
    assert message.content[0].content
    goes_on = [
        *messages,
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": "Hello!"},
    ]
    again = client.beta.messages.create(model="agent_standin", max_tokens=4_000, messages=goes_on)
    assert again.content[0].text.endswith("You said: Hello!")
