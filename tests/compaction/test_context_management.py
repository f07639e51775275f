"""`context_management`: past its threshold a context becomes a summary, then the model answers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.support.house import Key, Service
from tests.support.response_schemas import OPEN, OPENAI, violations
from tests.support.script import Script
from tests.support.sockets import talk
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENT = "agent_support"
LONG = "word " * 4_000
COMPACT: Any = [{"type": "compaction", "compact_threshold": 2_000}]
TURNS: Any = [
    {"role": "developer", "content": "Speak like a pirate."},
    {"role": "user", "content": "oldest " + LONG},
    {"role": "assistant", "content": "An old answer."},
    {"role": "user", "content": "And now?"},
]
SUMMARY = Script(text=("The door ", "is green."), usage=Tokens(input=4_000, output=10))
ANSWER = Script(text=("Aye.",), usage=Tokens(input=50, output=5))


def messages(upstream: Upstream, place: int = -1) -> list[tuple[str, str]]:
    return [(said["role"], said["content"]) for said in upstream.exchanges[place].body["messages"]]


def compacting(client: OpenAI, upstream: Upstream, **more: Any) -> Any:
    upstream.enqueue(SUMMARY, ANSWER)
    return client.responses.create(model=AGENT, input=TURNS, context_management=COMPACT, **more)


def test_a_long_context_becomes_a_summary_and_the_answer_goes_on_from_it(client: OpenAI, upstream: Upstream):
    response = compacting(client, upstream)
    assert [item.type for item in response.output] == ["compaction", "message"]
    assert response.output_text == "Aye."
    assert messages(upstream) == [
        ("system", "Be brief."),
        ("system", "Speak like a pirate."),
        ("user", "Summary of the conversation so far:\n\nThe door is green."),
        ("user", "And now?"),
    ]


@pytest.mark.parametrize("agent", ["agent_support", "agent_answers", "agent_letters"])
def test_every_wire_carries_the_summary(agent: str, client: OpenAI, upstream: Upstream):
    upstream.enqueue(SUMMARY, ANSWER)
    response = client.responses.create(model=agent, input=TURNS, context_management=COMPACT)
    assert [item.type for item in response.output] == ["compaction", "message"]
    asked, answered = (exchange.raw.decode() for exchange in upstream.exchanges)
    assert "oldest" in asked
    assert "oldest" not in answered
    assert "Summary of the conversation so far:\\n\\nThe door is green." in answered


def test_the_demo_compacts_too(client: OpenAI):
    response = client.responses.create(model="agent_standin", input=TURNS, context_management=COMPACT)
    assert [item.type for item in response.output] == ["compaction", "message"]


def test_a_context_grows_and_is_compacted_again(client: OpenAI, upstream: Upstream):
    first = compacting(client, upstream)
    upstream.enqueue(Script(text=("The door is red now.",)), ANSWER)
    more: Any = [{"role": "user", "content": "newer " + LONG}, {"role": "assistant", "content": "Hm."}]
    second = client.responses.create(
        model=AGENT,
        input=[*more, {"role": "user", "content": "So?"}],
        previous_response_id=first.id,
        context_management=COMPACT,
    )
    assert [item.type for item in second.output] == ["compaction", "message"]
    asked = upstream.exchanges[2].raw.decode()
    assert "The door is green." in asked
    assert "newer" in asked
    assert "oldest" not in asked
    upstream.enqueue(ANSWER)
    client.responses.create(model=AGENT, input="And?", previous_response_id=second.id)
    last = upstream.exchanges[-1].raw.decode()
    assert "The door is red now." in last
    assert "The door is green." not in last
    assert "newer" not in last


def test_a_result_of_a_tool_goes_on_after_its_call_was_compacted(client: OpenAI, upstream: Upstream):
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c1", "output": "green " + LONG}
    upstream.enqueue(SUMMARY, ANSWER)
    said: Any = [*TURNS, call, result]
    response = client.responses.create(model=AGENT, input=said, context_management=COMPACT)
    assert [item.type for item in response.output] == ["compaction", "message"]
    roles = [role for role, _ in messages(upstream)]
    assert roles == ["system", "system", "user", "user", "assistant", "tool"]


def test_in_the_background_it_is_the_same(client: OpenAI, upstream: Upstream):
    queued = compacting(client, upstream, background=True)
    *_, last = client.responses.retrieve(queued.id, stream=True)
    assert [item.type for item in last.response.output] == ["compaction", "message"]


def test_the_model_that_summarises_is_given_all_of_it_and_no_tools(client: OpenAI, upstream: Upstream):
    tool: Any = {"type": "function", "name": "look", "parameters": {"type": "object"}}
    compacting(client, upstream, tools=[tool], max_output_tokens=16)
    asked = upstream.exchanges[0].raw.decode()
    for told in ("Be brief.", "like a pirate", "oldest", "An old answer.", "And now?"):
        assert told in asked
    assert "tools" not in upstream.exchanges[0].body
    assert upstream.exchanges[0].body["max_tokens"] == 4_000
    assert upstream.exchanges[1].body["max_tokens"] == 16


def test_a_stream_shows_the_item_before_the_answer_and_the_documents_know_it(http, upstream: Upstream):
    upstream.enqueue(SUMMARY, ANSWER)
    body = {"model": AGENT, "input": TURNS, "context_management": COMPACT, "stream": True}
    events = events_of(http.post("/v1/responses", json=body))
    shown = [(event["type"], event["item"]["type"]) for event in events if "item" in event]
    assert shown == [
        ("response.output_item.added", "compaction"),
        ("response.output_item.done", "compaction"),
        ("response.output_item.added", "message"),
        ("response.output_item.done", "message"),
    ]
    found = [fault for event in events for fault in violations(OPEN, event)]
    found += [fault for event in events for fault in violations(OPENAI, event)]
    assert found == []
    (done,) = [event["item"] for event in events if event["type"].endswith("item.done")][:1]
    assert done == events[-1]["response"]["output"][0]


def events_of(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]


def test_both_calls_are_charged_and_counted(service: Service, upstream: Upstream):
    key = service.key(dollars=1)
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        response = compacting(client, upstream)
    assert response.usage.input_tokens == 4_050
    assert response.usage.output_tokens == 15
    assert sorted(row.step for row in key.usage) == [0, 1]
    assert key.account.settled == 4_050 * 2_000 + 15 * 8_000
    assert key.account.held == 0


def test_it_is_stored_and_a_chain_goes_on_from_the_summary(client: OpenAI, upstream: Upstream):
    first = compacting(client, upstream)
    stored = client.responses.retrieve(first.id)
    assert stored.output[0] == first.output[0]
    upstream.enqueue(ANSWER)
    second = client.responses.create(model=AGENT, input="More?", previous_response_id=first.id)
    assert [said for _, said in messages(upstream)][2:] == [
        "Summary of the conversation so far:\n\nThe door is green.",
        "And now?",
        "Aye.",
        "More?",
    ]
    inputs = list(client.responses.input_items.list(second.id, order="asc", limit=100))
    assert "compaction" in [item.type for item in inputs]


def test_a_client_that_sends_everything_back_is_understood(client: OpenAI, upstream: Upstream):
    first = compacting(client, upstream)
    sent = [*TURNS, *(item.model_dump(exclude_none=True) for item in first.output)]
    upstream.enqueue(ANSWER)
    client.responses.create(
        model=AGENT, input=[*sent, {"role": "user", "content": "More?"}], context_management=COMPACT
    )
    assert len(upstream.exchanges) == 3
    assert "oldest" not in upstream.exchanges[-1].raw.decode()
    assert "The door is green." in upstream.exchanges[-1].raw.decode()


def test_a_client_may_leave_out_what_was_before_the_item(client: OpenAI, upstream: Upstream):
    first = compacting(client, upstream)
    sent: Any = [item.model_dump(exclude_none=True) for item in first.output]
    upstream.enqueue(ANSWER)
    client.responses.create(model=AGENT, input=[*sent, {"role": "user", "content": "More?"}], store=False)
    assert [said for _, said in messages(upstream)][1:] == [
        "Summary of the conversation so far:\n\nThe door is green.",
        "Aye.",
        "More?",
    ]


def test_what_was_opened_is_kept_as_the_item_it_was(client: OpenAI, upstream: Upstream):
    item = compacting(client, upstream).output[0].model_dump(exclude_none=True)
    upstream.enqueue(ANSWER)
    window: Any = [item, {"role": "user", "content": "More?"}]
    response = client.responses.create(model=AGENT, input=window)
    kept = list(client.responses.input_items.list(response.id, order="asc"))
    assert kept[0].model_dump(exclude_none=True) == item


def test_a_conversation_keeps_it(client: OpenAI, upstream: Upstream):
    conversation = client.conversations.create()
    compacting(client, upstream, conversation=conversation.id)
    upstream.enqueue(ANSWER)
    client.responses.create(model=AGENT, input="More?", conversation=conversation.id)
    assert "oldest" not in upstream.exchanges[-1].raw.decode()
    kinds = [item.type for item in client.conversations.items.list(conversation.id)]
    assert kinds.count("compaction") == 1


def test_a_websocket_compacts_and_goes_on_in_memory(service: Service, key: Key, upstream: Upstream):
    upstream.enqueue(SUMMARY, ANSWER, ANSWER)
    with talk(service, key) as socket:
        fields = {"model": AGENT, "input": TURNS, "context_management": COMPACT, "store": False}
        first = socket.ask("", **fields)["response"]
        assert [item["type"] for item in first["output"]] == ["compaction", "message"]
        socket.ask("More?", model=AGENT, previous_response_id=first["id"], store=False)
    assert "oldest" not in upstream.exchanges[-1].raw.decode()
    assert "The door is green." in upstream.exchanges[-1].raw.decode()


def test_a_context_below_the_threshold_is_left_alone(client: OpenAI, upstream: Upstream):
    upstream.enqueue(ANSWER)
    high: Any = [{"type": "compaction", "compact_threshold": 100_000}]
    response = client.responses.create(model=AGENT, input=TURNS, context_management=high)
    assert [item.type for item in response.output] == ["message"]
    assert "oldest" in upstream.exchanges[-1].raw.decode()


def test_tokens_decide_not_bytes(client: OpenAI, upstream: Upstream):
    """6,700 by a third of the bytes, 4,000 by the tokenizer."""
    upstream.enqueue(ANSWER)
    between: Any = [{"type": "compaction", "compact_threshold": 5_500}]
    response = client.responses.create(model=AGENT, input=TURNS, context_management=between)
    assert [item.type for item in response.output] == ["message"]


def test_without_a_threshold_the_window_decides(client: OpenAI, upstream: Upstream):
    upstream.enqueue(SUMMARY, ANSWER)
    turns: Any = [{"role": "user", "content": LONG}, {"role": "assistant", "content": LONG[:14_000]}]
    turns.append({"role": "user", "content": "So?"})
    ask: Any = [{"type": "compaction"}]
    response = client.responses.create(model="agent_small", input=turns, context_management=ask)
    assert [item.type for item in response.output] == ["compaction", "message"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"input": LONG, "context_management": COMPACT}, "nothing was compacted"),
        ({"input": "Hi", "context_management": [{"type": "compaction"}]}, "set compact_threshold"),
        ({"input": "Hi", "context_management": [{"type": "pruning"}]}, "context_management[0]"),
    ],
)
def test_what_cannot_be_done_is_said(fields: dict, said: str, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(ANSWER)
    answer = http.post("/v1/responses", json={"model": AGENT, **fields})
    assert [item["type"] for item in answer.json()["output"]] == ["message"]
    assert said in answer.headers["x-dragoman-warning"]


@pytest.mark.parametrize("script", [Script(text=("Half",), finish="length"), Script(text=())])
def test_half_a_summary_is_none_and_the_model_answers_from_the_whole(script, http, upstream: Upstream):
    upstream.enqueue(script, ANSWER)
    body = {"model": AGENT, "input": TURNS, "context_management": COMPACT}
    answer = http.post("/v1/responses", json=body)
    assert [item["type"] for item in answer.json()["output"]] == ["message"]
    assert "no whole summary" in answer.headers["x-dragoman-warning"]
    assert "oldest" in upstream.exchanges[-1].raw.decode()


def test_a_summary_that_breaks_off_fails_the_run(http: httpx.Client, key: Key, upstream: Upstream):
    upstream.enqueue(Script(text=("Half", " of it"), cut_after_events=2))
    body = {"model": AGENT, "input": TURNS, "context_management": COMPACT}
    answer = http.post("/v1/responses", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_cut")
    assert key.account.held == 0


def test_an_answer_that_is_refused_after_the_summary_fails_the_run(http, key: Key, upstream: Upstream):
    upstream.enqueue(SUMMARY, Script(status=400))
    body = {"model": AGENT, "input": TURNS, "context_management": COMPACT}
    answer = http.post("/v1/responses", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "upstream_rejected")
    assert key.account.held == 0


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ([{"type": "compaction", "compact_threshold": 999}], "context_management[0].compact_threshold"),
        ([{"type": "compaction", "compact_threshold": "x"}], "context_management[0].compact_threshold"),
        ([{"compact_threshold": 2_000}], "context_management[0].type"),
        ([{"type": "compaction"}, {"type": "compaction"}], "context_management[1]"),
        ([], "context_management"),
        ({"type": "compaction"}, "context_management"),
    ],
)
def test_what_is_wrong_is_named(asked: Any, param: str, client: OpenAI, upstream: Upstream):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=AGENT, input="Hi", context_management=asked)
    assert refused.value.param == param
    assert upstream.exchanges == []
