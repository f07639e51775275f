"""The official SDK with control fields and custom tools."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI

from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream

AGENTS = ("agent_support", "agent_answers", "agent_letters")
PATCH = {"type": "custom", "name": "patch", "description": "P", "format": {"type": "text"}}
CHAT_PATCH = {"type": "custom", "custom": {"name": "patch", "description": "P"}}
CALL = Script(calls=(ToolCall("patch", ('{"input":', '"*** Begin"}')),))


@pytest.mark.parametrize("agent", AGENTS)
def test_a_custom_call_streams_to_what_the_whole_answer_is(client: OpenAI, upstream: Upstream, agent):
    upstream.enqueue(CALL, CALL)
    whole = client.responses.create(model=agent, input="Hi", tools=[PATCH])
    with client.responses.stream(model=agent, input="Hi", tools=[PATCH]) as stream:
        streamed = stream.get_final_response()
    for (call,) in (whole.output, streamed.output):
        assert (call.type, call.name, call.input) == ("custom_tool_call", "patch", "*** Begin")


@pytest.mark.parametrize("agent", AGENTS)
def test_a_custom_call_can_be_answered(client: OpenAI, upstream: Upstream, agent):
    upstream.enqueue(CALL, Script(text=("Patched",)))
    first = client.responses.create(model=agent, input="Hi", tools=[PATCH], store=False)
    result = {"type": "custom_tool_call_output", "call_id": first.output[0].call_id, "output": "ok"}
    items = [{"role": "user", "content": "Hi"}, *[item.to_dict() for item in first.output], result]
    second = client.responses.create(model=agent, input=items, tools=[PATCH], store=False)
    assert second.output_text == "Patched"


@pytest.mark.parametrize("agent", AGENTS)
def test_a_custom_call_over_chat(client: OpenAI, upstream: Upstream, agent):
    upstream.enqueue(CALL, Script(text=("Patched",)))
    messages: list = [{"role": "user", "content": "Hi"}]
    first = client.chat.completions.create(model=agent, messages=messages, tools=[CHAT_PATCH])
    (call,) = first.choices[0].message.tool_calls
    assert (call.type, call.custom.name, call.custom.input) == ("custom", "patch", "*** Begin")
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "ok"}]
    second = client.chat.completions.create(model=agent, messages=messages, tools=[CHAT_PATCH])
    assert second.choices[0].message.content == "Patched"


def test_a_forced_custom_tool(client: OpenAI):
    answer = client.responses.create(
        model="agent_standin", input="Hi", tools=[PATCH], tool_choice={"type": "custom", "name": "patch"}
    )
    assert answer.tool_choice.type == "custom"
    assert answer.output[0].type == "custom_tool_call"


def test_a_choice_of_an_unknown_tool_raises_with_its_param(client: OpenAI):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(
            model="agent_standin", input="Hi", tool_choice={"type": "function", "name": "odd"}
        )
    assert refused.value.param == "tool_choice.name"


def test_padding_and_strictness_do_not_disturb_it(client: OpenAI):
    strict = client.with_options(default_headers={"OpenResponses-Version": "2026-04-24"})
    stream = strict.responses.create(
        model="agent_standin", input="Hi", stream=True, stream_options={"include_obfuscation": True}
    )
    events = list(stream)
    assert events[-1].response.output_text
    assert [event for event in events if getattr(event, "obfuscation", None)]


@pytest.mark.parametrize("agent", AGENTS)
def test_a_stored_custom_call_is_answered_by_its_response(client: OpenAI, upstream: Upstream, agent):
    upstream.enqueue(CALL, Script(text=("Patched",)))
    first = client.responses.create(model=agent, input="Hi", tools=[PATCH])
    assert client.responses.retrieve(first.id).output == first.output
    result = {"type": "custom_tool_call_output", "call_id": first.output[0].call_id, "output": "ok"}
    second = client.responses.create(
        model=agent, previous_response_id=first.id, input=[result], tools=[PATCH]
    )
    assert second.output_text == "Patched"
    shown = [item.type for item in client.responses.input_items.list(second.id, order="asc")]
    assert shown[-1] == "custom_tool_call_output"
