"""Runs on threads, streamed: to the event handlers of the official SDK, and frame by frame."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openai import AssistantEventHandler, AsyncAssistantEventHandler, AsyncOpenAI, OpenAI
from typing_extensions import override

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
from tests.support.house import Key, Service
from tests.support.script import Script
from tests.support.thread_schemas import check_stream
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

pytestmark = DEPRECATED


class Told(AssistantEventHandler):
    """Notes what it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""
        self.arguments = ""

    @override
    def on_event(self, event: Any) -> None:
        self.names.append(event.event)

    @override
    def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        self.text += delta.value or ""
        assert snapshot.value == self.text

    @override
    def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None:
        self.arguments += delta.function.arguments or ""
        assert snapshot.function.arguments == self.arguments


PLAIN = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
]


def stream(http: httpx.Client, path: str, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """The events of a stream, each held to the published document."""
    answer = http.post(path, json={**body, "stream": True})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return check_stream(answer.text)


def test_a_plain_answer_comes_in_the_order_of_the_original(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=21, cached=5, output=9)))
    thread, told = thread_of(client), Told()
    with client.beta.threads.runs.stream(thread_id=thread, assistant_id=AGENT, event_handler=told) as events:
        run = events.get_final_run()
    assert told.names == PLAIN
    assert told.text == "Good day"
    assert (run.status, run.usage.total_tokens) == ("completed", 30)
    (message,) = events.get_final_messages()
    assert message.content[0].text.value == "Good day"
    assert client.beta.threads.runs.retrieve(run.id, thread_id=thread) == run
    assert client.beta.threads.messages.list(thread).data[0] == message


def test_what_was_streamed_is_what_is_kept(client: OpenAI, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(CALL, SUNNY)
    thread = thread_of(client)
    asked = {"assistant_id": AGENT, "tools": [WEATHER]}
    first = stream(http, f"/v1/threads/{thread}/runs", asked)
    assert first[-1][0] == "thread.run.requires_action"
    run = first[-1][1]
    path = f"/v1/threads/{thread}/runs/{run['id']}"
    assert http.get(path).json() == run
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": "21 °C"} for call in calls]
    second = stream(http, path + "/submit_tool_outputs", {"tool_outputs": outputs})
    assert [name for name, _ in second[:3]] == [
        "thread.run.step.completed",
        "thread.run.queued",
        "thread.run.in_progress",
    ]
    last = {
        value["id"]: value
        for name, value in (*first, *second)
        if name.endswith((".completed", ".in_progress")) and value["object"] == "thread.run.step"
    }
    kept = http.get(path + "/steps?order=asc").json()["data"]
    assert [last[step["id"]] for step in kept] == kept
    messages = [value for name, value in (*first, *second) if name == "thread.message.completed"]
    listed = http.get(f"/v1/threads/{thread}/messages?order=asc&run_id={run['id']}").json()["data"]
    assert listed == messages
    assert http.get(path).json() == second[-1][1]


def test_a_stream_ends_where_outputs_are_wanted_and_goes_on_with_them(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(calls=CALL.calls), SUNNY)
    thread, told = thread_of(client), Told()
    with client.beta.threads.runs.stream(
        thread_id=thread, assistant_id=AGENT, tools=[WEATHER], event_handler=told
    ) as events:
        waiting = events.get_final_run()
    assert (told.arguments, waiting.status) == ('{"city":"Oslo"}', "requires_action")
    assert told.names[-1] == "thread.run.requires_action"
    more = Told()
    with client.beta.threads.runs.submit_tool_outputs_stream(
        run_id=waiting.id, thread_id=thread, tool_outputs=outputs_of(waiting), event_handler=more
    ) as events:
        done = events.get_final_run()
    assert (done.id, done.status, more.text) == (waiting.id, "completed", "Sunny there.")


def test_parallel_calls_stream_into_one_step(client: OpenAI, upstream: Upstream):
    upstream.enqueue(CALLS)
    thread = thread_of(client)
    with client.beta.threads.runs.stream(thread_id=thread, assistant_id=AGENT, tools=[WEATHER]) as events:
        run = events.get_final_run()
    (folded,) = events.get_final_run_steps()
    (kept,) = client.beta.threads.runs.steps.list(run.id, thread_id=thread)
    calls = [(call.id, call.function.name, call.function.arguments) for call in kept.step_details.tool_calls]
    assert [
        (call.id, call.function.name, call.function.arguments) for call in folded.step_details.tool_calls
    ] == calls


def test_a_thread_made_with_its_run_is_told_first(client: OpenAI, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(SUNNY)
    said = {"messages": [{"role": "user", "content": "Hello"}]}
    events = stream(http, "/v1/threads/runs", {"assistant_id": AGENT, "thread": said})
    assert [name for name, _ in events] == ["thread.created", *PLAIN]
    with client.beta.threads.create_and_run_stream(assistant_id=AGENT, thread=said) as told:
        assert "".join(told.text_deltas)


@pytest.mark.parametrize(
    ("script", "terminal", "message"),
    [
        (Script(text=("One ", "two"), finish="length"), "incomplete", "incomplete"),
        (Script(text=("One ", "two ", "three"), cut_after_events=5), "failed", "incomplete"),
    ],
)
def test_what_goes_wrong_ends_everything_that_was_begun(
    script: Script, terminal: str, message: str, client: OpenAI, http: httpx.Client, upstream: Upstream
):
    upstream.enqueue(script)
    events = stream(http, f"/v1/threads/{thread_of(client)}/runs", {"assistant_id": AGENT})
    names = [name for name, _ in events]
    step = "completed" if terminal == "incomplete" else "failed"
    assert names[-3:] == [
        f"thread.message.{message}",
        f"thread.run.step.{step}",
        f"thread.run.{terminal}",
    ]


def test_a_cancelled_run_says_so_in_its_stream(client: OpenAI, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(STALLED)
    thread = thread_of(client)
    body = {"assistant_id": AGENT, "stream": True}
    with http.stream("POST", f"/v1/threads/{thread}/runs", json=body) as answer:
        text, cancelled = "", False
        for piece in answer.iter_text():
            text += piece
            if "thread.message.delta" in text and not cancelled:
                (run,) = client.beta.threads.runs.list(thread)
                cancelled = bool(client.beta.threads.runs.cancel(run.id, thread_id=thread))
    names = [name for name, _ in check_stream(text)]
    assert names[-4:] == [
        "thread.run.cancelling",
        "thread.message.incomplete",
        "thread.run.step.cancelled",
        "thread.run.cancelled",
    ]


def test_a_reader_that_leaves_cancels_nothing(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=tuple(f"word{number} " for number in range(40)), pace=0.02))
    thread = thread_of(client)
    with client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT, stream=True) as events:
        run = next(iter(events)).data
    assert until_status(client, run, "completed").usage.completion_tokens
    assert len(client.beta.threads.messages.list(thread).data[0].content[0].text.value) > 100


class AsyncTold(AsyncAssistantEventHandler):
    """Notes the text it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    @override
    async def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        self.text += delta.value or ""


@pytest.mark.anyio
async def test_the_async_client_polls_and_streams(service: Service, key: Key, upstream: Upstream):
    upstream.enqueue(Script(calls=CALL.calls), SUNNY, SUNNY)
    base_url = service.base_url + "/v1"
    async with AsyncOpenAI(base_url=base_url, api_key=key.secret, max_retries=0) as client:
        said: Any = [{"role": "user", "content": "Hello"}]
        thread = await client.beta.threads.create(messages=said)
        run = await client.beta.threads.runs.create_and_poll(
            thread_id=thread.id, assistant_id=AGENT, tools=[WEATHER]
        )
        told = AsyncTold()
        async with client.beta.threads.runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=thread.id, tool_outputs=outputs_of(run), event_handler=told
        ) as events:
            await events.until_done()
        assert told.text == "Sunny there."
        again = AsyncTold()
        async with client.beta.threads.runs.stream(
            thread_id=thread.id, assistant_id=AGENT, event_handler=again
        ) as events:
            done = await events.get_final_run()
        assert (done.status, again.text) == ("completed", "Sunny there.")


def test_a_schema_on_several_lines_does_not_break_a_stream(
    client: OpenAI, http: httpx.Client, upstream: Upstream
):
    body = json.dumps({"assistant_id": AGENT, "tools": [WEATHER], "stream": True}, indent=2)
    path = f"/v1/threads/{thread_of(client)}/runs"
    answer = http.post(path, content=body, headers={"content-type": "application/json"})
    assert check_stream(answer.text)[-1][1]["tools"] == [WEATHER]
