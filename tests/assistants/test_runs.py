"""Runs on threads, polled: one at a time, with what they were made of, charged once."""

from __future__ import annotations

import json

import openai
import pytest
from openai import OpenAI

from tests.assistants.common import (
    AGENT,
    CALL,
    CALLS,
    DEPRECATED,
    STALLED,
    SUNNY,
    WEATHER,
    outputs_of,
    thread_of,
    until_status,
)
from tests.support.house import Service
from tests.support.script import ErrorBody, Script
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

pytestmark = DEPRECATED


def test_create_and_poll_completes_with_a_message_and_usage(client: OpenAI, upstream: Upstream, key):
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=21, cached=5, output=9)))
    thread = thread_of(client)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT)
    assert run.status == "completed", run
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (21, 9, 30)
    assert (run.expires_at, run.required_action, run.completed_at is None) == (None, None, False)
    messages = client.beta.threads.messages.list(thread)
    assert [message.role for message in messages] == ["assistant", "user"]
    assert messages.data[0].content[0].text.value == "Good day"
    assert (messages.data[0].run_id, messages.data[0].assistant_id) == (run.id, AGENT)
    (step,) = client.beta.threads.runs.steps.list(run.id, thread_id=thread)
    assert (step.type, step.status) == ("message_creation", "completed")
    assert step.step_details.message_creation.message_id == messages.data[0].id
    assert step.usage.total_tokens == 30
    assert client.beta.threads.runs.steps.retrieve(step.id, thread_id=thread, run_id=run.id) == step
    assert (len(key.usage), key.account.held) == (1, 0)
    assert key.usage[0].api == "assistants"


def test_a_run_waits_for_the_outputs_of_its_calls_and_goes_on(client: OpenAI, upstream: Upstream, key):
    upstream.enqueue(CALL, SUNNY)
    thread = thread_of(client, "Weather?")
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread, assistant_id=AGENT, tools=[WEATHER], instructions="Be exact."
    )
    assert (run.status, run.usage, run.expires_at is None) == ("requires_action", None, False)
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo"})
    written = client.beta.threads.messages.list(thread, run_id=run.id).data
    assert [message.content[0].text.value for message in written] == ["Let me look. "]
    done = client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=thread, tool_outputs=outputs_of(run)
    )
    assert (done.id, done.status) == (run.id, "completed")
    steps = list(client.beta.threads.runs.steps.list(run.id, thread_id=thread, order="asc"))
    assert [step.type for step in steps] == ["message_creation", "tool_calls", "message_creation"]
    assert {step.status for step in steps} == {"completed"}
    assert steps[1].step_details.tool_calls[0].function.output == "21 °C"
    assert sum(step.usage.total_tokens for step in steps) == done.usage.total_tokens
    sent = upstream.exchanges[1].raw.decode()
    assert "21 °C" in sent
    assert "Be exact." in sent
    assert [item.get("type") for item in upstream.exchanges[1].body["input"]][-2:] == [
        "function_call",
        "function_call_output",
    ]
    assert len(key.usage) == 2
    total = sum((usage.usage.input or 0) + (usage.usage.output or 0) for usage in key.usage)
    assert total == done.usage.total_tokens


def test_parallel_calls_are_one_step_and_answered_together(client: OpenAI, upstream: Upstream):
    upstream.enqueue(CALLS, SUNNY)
    thread = thread_of(client)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT, tools=[WEATHER])
    (step,) = client.beta.threads.runs.steps.list(run.id, thread_id=thread)
    assert (step.status, step.usage) == ("in_progress", None)
    assert [call.function.output for call in step.step_details.tool_calls] == [None, None]
    outputs = outputs_of(run)
    wrong = {
        "missing": outputs[:1],
        "unknown": [*outputs, {"tool_call_id": "call_none", "output": "x"}],
        "double": [*outputs, outputs[0]],
        "none": [],
    }
    for given in wrong.values():
        with pytest.raises(openai.BadRequestError) as refused:
            client.beta.threads.runs.submit_tool_outputs(run_id=run.id, thread_id=thread, tool_outputs=given)
        assert refused.value.param.startswith("tool_outputs")
    done = client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=thread, tool_outputs=list(reversed(outputs))
    )
    assert done.status == "completed"
    with pytest.raises(openai.BadRequestError, match="'completed'"):
        client.beta.threads.runs.submit_tool_outputs(run_id=run.id, thread_id=thread, tool_outputs=outputs)


def test_an_active_run_locks_its_thread(client: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED)
    thread = thread_of(client)
    run = client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT)
    until_status(client, run, "in_progress")
    with pytest.raises(openai.BadRequestError, match=r"while a run .* is active"):
        client.beta.threads.messages.create(thread, role="user", content="x")
    with pytest.raises(openai.BadRequestError, match="already has an active run"):
        client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT)
    with pytest.raises(openai.ConflictError):
        client.responses.create(model=AGENT, input="x", conversation=thread)
    message = client.beta.threads.messages.list(thread).data[-1]
    client.beta.threads.messages.update(message.id, thread_id=thread, metadata={"seen": "yes"})
    client.beta.threads.update(thread, metadata={"open": "yes"})
    client.beta.threads.runs.update(run.id, thread_id=thread, metadata={"mine": "yes"})
    assert client.beta.threads.runs.retrieve(run.id, thread_id=thread).metadata == {"mine": "yes"}
    client.beta.threads.runs.cancel(run.id, thread_id=thread)
    until_status(client, run, "cancelled")
    client.beta.threads.messages.create(thread, role="user", content="x")


def test_what_was_made_is_copied_into_the_run(client: OpenAI, upstream: Upstream):
    upstream.enqueue(SUNNY)
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_of(client, "One"),
        assistant_id="agent_support",
        additional_instructions="Rhyme.",
        additional_messages=[{"role": "user", "content": "Two"}],
        metadata={"for": "test"},
        temperature=0.5,
        top_p=0.9,
        max_completion_tokens=300,
        max_prompt_tokens=5000,
        truncation_strategy={"type": "last_messages", "last_messages": 1},
        tool_choice="none",
        parallel_tool_calls=False,
        response_format={"type": "json_object"},
        tools=[WEATHER, {"type": "code_interpreter"}, {"type": "file_search"}],
    )
    assert run.status == "completed", run
    assert (run.temperature, run.top_p, run.max_completion_tokens) == (0.5, 0.9, 300)
    assert (run.truncation_strategy.last_messages, run.tool_choice) == (1, "none")
    assert [tool.type for tool in run.tools] == ["function", "code_interpreter", "file_search"]
    assert run.tools[0].to_dict() == WEATHER
    sent = upstream.exchanges[0].body
    assert [message["content"] for message in sent["messages"]] == ["Be brief.\n\nRhyme.", "Two"]
    assert {sent.get("max_tokens"), sent.get("max_completion_tokens")} - {None} == {300}
    assert (sent["temperature"], sent["response_format"]) == (0.5, {"type": "json_object"})
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["weather"]


def test_a_model_is_replaced_only_where_that_is_allowed(client: OpenAI, upstream: Upstream):
    thread = thread_of(client)
    with pytest.raises(openai.BadRequestError, match="model") as refused:
        client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT, model="local/scripted-1")
    assert refused.value.param == "model"
    with pytest.raises(openai.BadRequestError, match="no model 'gpt-none'"):
        client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT, model="gpt-none")
    made = client.beta.assistants.create(model="gpt-4-turbo", instructions="Be brief.")
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread, assistant_id=made.id, model="answers/scripted-1"
    )
    assert (run.status, run.model, run.assistant_id) == ("completed", "answers/scripted-1", made.id)


def test_what_becomes_of_an_assistant_does_not_change_its_run(client: OpenAI, upstream: Upstream):
    upstream.enqueue(CALL, SUNNY)
    made = client.beta.assistants.create(model="gpt-4-turbo", instructions="Before.", tools=[WEATHER])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread_of(client), assistant_id=made.id)
    client.beta.assistants.update(made.id, instructions="After.")
    client.beta.assistants.delete(made.id)
    done = client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs_of(run)
    )
    assert (done.status, done.instructions, done.model) == ("completed", "Before.", "gpt-4-turbo")
    assert upstream.exchanges[1].body["messages"][0]["content"] == "Before."


def test_a_thread_and_its_run_are_made_at_once(client: OpenAI, upstream: Upstream):
    run = client.beta.threads.create_and_run_poll(
        assistant_id=AGENT,
        thread={"messages": [{"role": "user", "content": "Hello"}], "metadata": {"a": "b"}},
    )
    assert run.status == "completed"
    assert client.beta.threads.retrieve(run.thread_id).metadata == {"a": "b"}
    assert [each.id for each in client.beta.threads.runs.list(run.thread_id)] == [run.id]


def test_a_run_is_polled_at_the_servers_pace(client: OpenAI, upstream: Upstream):
    raw = client.beta.threads.runs.with_raw_response
    run = raw.create(thread_id=thread_of(client), assistant_id=AGENT)
    assert run.headers["openai-poll-after-ms"] == "250"
    parsed = run.parse()
    again = raw.retrieve(parsed.id, thread_id=parsed.thread_id)
    assert again.headers["openai-poll-after-ms"] in ("250", "1000")


def test_a_provider_that_fails_fails_the_run(client: OpenAI, upstream: Upstream, key):
    upstream.enqueue(Script(text=("A1 ", "A2 ", "A3"), cut_after_events=6))
    thread = thread_of(client)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT)
    assert (run.status, run.last_error.code) == ("failed", "server_error")
    assert run.failed_at is not None
    message = client.beta.threads.messages.list(thread).data[0]
    assert (message.status, message.incomplete_details.reason) == ("incomplete", "run_failed")
    (step,) = client.beta.threads.runs.steps.list(run.id, thread_id=thread)
    assert (step.status, step.last_error.code) == ("failed", "server_error")
    upstream.answer_with(lambda exchange: Script(status=429, error=ErrorBody()))
    again = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT)
    assert (again.status, again.last_error.code) == ("failed", "rate_limit_exceeded")
    assert key.account.settled == 0


def test_what_cannot_be_paid_fails_and_reaches_no_model(service: Service, upstream: Upstream):
    key = service.key(nano=1000)
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        run = client.beta.threads.runs.create_and_poll(thread_id=thread_of(client), assistant_id=AGENT)
    assert (run.status, run.last_error.code) == ("failed", "rate_limit_exceeded")
    assert upstream.exchanges == []


def test_an_answer_cut_by_its_cap_is_incomplete(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ",), finish="length"))
    thread = thread_of(client)
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread, assistant_id=AGENT, max_completion_tokens=300
    )
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")
    message = client.beta.threads.messages.list(thread).data[0]
    assert (message.status, message.incomplete_details.reason) == ("incomplete", "max_tokens")


def test_each_call_gets_what_is_left_of_the_runs_tokens(client: OpenAI, upstream: Upstream):
    call = Script(calls=CALL.calls, usage=Tokens(input=200, output=300))
    upstream.enqueue(call, Script(calls=CALL.calls, usage=Tokens(input=350, output=100)))
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_of(client),
        assistant_id=AGENT,
        tools=[WEATHER],
        max_prompt_tokens=500,
        max_completion_tokens=1000,
    )
    assert upstream.exchanges[0].body["max_output_tokens"] == 1000
    run = client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs_of(run)
    )
    assert upstream.exchanges[1].body["max_output_tokens"] == 700
    done = client.beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs_of(run)
    )
    assert (done.status, done.incomplete_details.reason) == ("incomplete", "max_prompt_tokens")
    assert len(upstream.exchanges) == 2
    assert done.usage.prompt_tokens == 550


def test_a_long_thread_loses_its_middle(client: OpenAI, upstream: Upstream):
    words = [f"message {number} " + "word " * 100 for number in range(12)]
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread_of(client, *words), assistant_id=AGENT, max_prompt_tokens=1000
    )
    assert run.status == "completed", run
    sent = upstream.exchanges[0].raw.decode()
    kept = [number for number in range(12) if f"message {number} " in sent]
    assert kept[0] == 0
    assert kept[-1] == 11
    assert 2 < len(kept) < 8


def test_unknown_things_are_named(client: OpenAI, upstream: Upstream):
    thread = thread_of(client)
    with pytest.raises(openai.NotFoundError, match="No assistant found with id 'asst_none'") as refused:
        client.beta.threads.runs.create(thread_id=thread, assistant_id="asst_none")
    assert refused.value.param == "assistant_id"
    with pytest.raises(openai.NotFoundError, match="No thread found with id 'thread_none'"):
        client.beta.threads.runs.create(thread_id="thread_none", assistant_id=AGENT)
    with pytest.raises(openai.NotFoundError, match="No run found with id 'run_none'"):
        client.beta.threads.runs.retrieve("run_none", thread_id=thread)


def test_a_request_that_is_sent_again_begins_no_other_run(client: OpenAI, upstream: Upstream):
    thread = thread_of(client)
    asked = {
        "thread_id": thread,
        "assistant_id": AGENT,
        "extra_headers": {"Idempotency-Key": f"once {thread}"},
    }
    first, again = (client.beta.threads.runs.create(**asked) for _ in range(2))
    assert first == again
    assert until_status(client, first, "completed").id == first.id
    streamed = {**asked, "stream": True, "extra_headers": {"Idempotency-Key": f"streamed {thread}"}}
    told, retold = ([event.event for event in client.beta.threads.runs.create(**streamed)] for _ in range(2))
    assert told == retold
    assert len(list(client.beta.threads.runs.list(thread))) == 2


def test_a_key_for_other_agents_cannot_go_on_with_a_run(client: OpenAI, service: Service, upstream: Upstream):
    upstream.enqueue(CALL)
    thread = thread_of(client)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT, tools=[WEATHER])
    key = service.key(agents=("agent_support",))
    with (
        OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as other,
        pytest.raises(openai.NotFoundError, match="No assistant found"),
    ):
        other.beta.threads.runs.submit_tool_outputs(
            run_id=run.id, thread_id=thread, tool_outputs=outputs_of(run)
        )
