"""Responses made in the background: polled, followed, resumed, cancelled. The official SDK is the client."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from msgspec import structs
from openai import OpenAI

from tests.support.house import Key, Service, eventually
from tests.support.lag import watched
from tests.support.response_schemas import OPEN, OPENAI, violations
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENT = "agent_answers"
UNFINISHED = ("queued", "in_progress")
SLOW = Script(
    text=tuple(f"word{number} " for number in range(40)), pace=0.02, usage=Tokens(input=9, output=40)
)
STALLED = Script(text=("One ", "two ", "three"), stall_after_events=5)


def ended(client: OpenAI, id: str):
    """The response once it has ended."""
    eventually(lambda: client.responses.retrieve(id).status not in UNFINISHED)
    return client.responses.retrieve(id)


def frames(http: httpx.Client, path: str, **query: object) -> list[str]:
    """The frames of an event stream, without its heartbeats."""
    answer = http.get(path, params={"stream": "true", **query})
    assert answer.status_code == 200, answer.text
    return [frame for frame in answer.text.split("\n\n") if frame and not frame.startswith(":")]


def test_it_is_queued_polled_and_completed(client: OpenAI, upstream: Upstream, key: Key):
    go_on = asyncio.Event()
    upstream.enqueue(structs.replace(SLOW, pace=0.0, stall_after_events=5, stall=go_on))
    queued = client.responses.create(model=AGENT, input="Hello", background=True)
    assert (queued.status, queued.background, queued.store, queued.output) == ("queued", True, True, [])
    assert violations(OPENAI, queued.to_dict()) == []
    going = client.responses.retrieve(queued.id)
    assert going.status in UNFINISHED
    upstream.let(go_on)
    done = ended(client, queued.id)
    assert (done.status, done.output_text) == ("completed", "".join(SLOW.text or ()))
    assert (done.usage.input_tokens, done.usage.output_tokens) == (9, 40)
    assert violations(OPENAI, done.to_dict()) == []
    assert violations(OPEN, done.to_dict()) == []
    assert (len(key.usage), key.account.held) == (1, 0)


def test_what_there_is_shows_while_it_goes_on(client: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED)
    queued = client.responses.create(model=AGENT, input="Hello", background=True)
    eventually(lambda: bool(client.responses.retrieve(queued.id).output))
    going = client.responses.retrieve(queued.id)
    assert (going.status, going.output[0].type) == ("in_progress", "message")
    assert violations(OPENAI, going.to_dict()) == []
    assert client.responses.cancel(queued.id).output_text == "One "


def test_a_stream_begins_with_queued_and_is_the_same_again(client: OpenAI, upstream: Upstream, http):
    upstream.enqueue(Script(reasoning=("hm ",), text=("Good ", "day"), calls=(ToolCall(name="weather"),)))
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]
    events = list(client.responses.create(model=AGENT, input="Hi", background=True, stream=True, tools=tools))
    assert [event.type for event in events[:3]] == [
        "response.created",
        "response.queued",
        "response.in_progress",
    ]
    assert [event.response.status for event in events[:3]] == ["queued", "queued", "in_progress"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    again = list(client.responses.retrieve(events[0].response.id, stream=True))
    assert [event.to_dict() for event in again] == [event.to_dict() for event in events]


def test_resumed_is_unbroken_byte_for_byte(http: httpx.Client, upstream: Upstream):
    upstream.enqueue(Script(reasoning=("hm ",), text=("Good ", "day ", "to ", "you")))
    asked = {
        "model": AGENT,
        "input": "Hi",
        "background": True,
        "stream": True,
        "stream_options": {"include_obfuscation": True},
    }
    answer = http.post("/v1/responses", json=asked)
    unbroken = [frame for frame in answer.text.split("\n\n") if frame and not frame.startswith(":")]
    id = unbroken[0].split('"id":"')[1].split('"')[0]
    for after in range(len(unbroken) - 1):
        assert frames(http, f"/v1/responses/{id}", starting_after=after) == unbroken[after + 1 :]


def test_several_follow_at_once_and_live(client: OpenAI, upstream: Upstream, http: httpx.Client):
    upstream.enqueue(SLOW)
    queued = client.responses.create(model=AGENT, input="Hello", background=True)
    path = f"/v1/responses/{queued.id}"
    with ThreadPoolExecutor(5) as pool:
        whole, *parts = pool.map(
            lambda after: frames(http, path, **({"starting_after": after} if after else {})),
            (0, 1, 2, 10, 30),
        )
    for after, part in zip((1, 2, 10, 30), parts, strict=True):
        assert part == whole[after + 1 :]
    assert whole == frames(http, path)


def test_a_reader_that_leaves_cancels_nothing(client: OpenAI, upstream: Upstream):
    upstream.enqueue(SLOW)
    with client.responses.create(model=AGENT, input="Hello", background=True, stream=True) as events:
        id = next(iter(events)).response.id
    assert ended(client, id).status == "completed"
    after = [event.type for event in client.responses.retrieve(id, stream=True, starting_after=2)]
    assert after[0] == "response.output_item.added"
    assert after[-1] == "response.completed"


@pytest.mark.parametrize("moment", ["at once", "before a byte", "while it speaks", "when it has ended"])
def test_it_is_cancelled(moment: str, client: OpenAI, upstream: Upstream, key: Key):
    script = {
        "before a byte": Script(text=("One",), header_delay=float("inf")),
        "when it has ended": Script(text=("One",)),
    }.get(moment, STALLED)
    upstream.rule = lambda exchange: script
    queued = client.responses.create(model=AGENT, input="Hello", background=True)
    if moment == "before a byte":
        eventually(lambda: bool(upstream.exchanges))
    elif moment == "while it speaks":
        eventually(lambda: bool(client.responses.retrieve(queued.id).output))
    elif moment == "when it has ended":
        ended(client, queued.id)
    cancelled = client.responses.cancel(queued.id)
    expected = "completed" if moment == "when it has ended" else "cancelled"
    assert cancelled.status == expected
    assert violations(OPENAI, cancelled.to_dict()) == []
    assert client.responses.cancel(queued.id).to_dict() == cancelled.to_dict()
    assert client.responses.retrieve(queued.id).to_dict() == cancelled.to_dict()
    *_, last = client.responses.retrieve(queued.id, stream=True)
    assert last.response.status == expected
    assert key.account.held == 0
    if moment == "while it speaks":
        (usage,) = key.usage
        assert usage.usage.estimated
        assert usage.usage.output


def test_only_what_is_in_the_background_is_cancelled_or_followed(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",)))
    done = client.responses.create(model=AGENT, input="Hello")
    with pytest.raises(openai.BadRequestError):
        client.responses.cancel(done.id)
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.retrieve(done.id, stream=True)
    assert refused.value.param == "stream"


def test_it_needs_to_be_stored(client: OpenAI, service: Service):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=AGENT, input="Hello", background=True, store=False)
    assert refused.value.param == "background"
    key = service.key(project="forbidden")
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as forbidden:
        with pytest.raises(openai.BadRequestError) as refused:
            forbidden.responses.create(model=AGENT, input="Hello", background=True)
        assert refused.value.param == "background"


def test_what_is_wrong_is_refused_before_it_is_queued(client: OpenAI):
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="agent_none", input="Hello", background=True)


def test_what_cannot_be_paid_fails(service: Service, upstream: Upstream):
    key = service.key(nano=1000)
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        queued = client.responses.create(model=AGENT, input="Hello", background=True)
        failed = ended(client, queued.id)
    assert (failed.status, failed.error.code) == ("failed", "insufficient_quota")
    assert upstream.exchanges == []


def test_a_provider_that_fails_fails_it(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1 ", "A2 ", "A3"), cut_after_events=6))
    failed = ended(client, client.responses.create(model=AGENT, input="Q1", background=True).id)
    assert failed.status == "failed"
    *_, last = client.responses.retrieve(failed.id, stream=True)
    assert (last.type, last.response.error.code) == ("response.failed", failed.error.code)


def test_foreign_and_unknown_ids_are_the_same(client: OpenAI, http, service: Service, upstream: Upstream):
    upstream.enqueue(STALLED)
    queued = client.responses.create(model=AGENT, input="Hello", background=True)
    theirs = service.key(project="stranger").headers
    for method, end in (("GET", ""), ("GET", "?stream=true"), ("POST", "/cancel"), ("DELETE", "")):
        answers = [
            http.request(method, f"/v1/responses/{id}{end}", headers=theirs)
            for id in (queued.id, "resp_none")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content
    assert client.responses.retrieve(queued.id).status in UNFINISHED
    client.responses.cancel(queued.id)


def test_one_that_is_deleted_ends(client: OpenAI, upstream: Upstream, key: Key, http):
    upstream.enqueue(STALLED)
    queued = client.responses.create(model=AGENT, input="Hello", background=True)
    client.responses.delete(queued.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(queued.id)
    assert key.account.held == 0


def test_a_conversation_is_continued(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)), Script(text=("A2",)))
    first = ended(client, client.responses.create(model=AGENT, input="Q1", background=True).id)
    second = client.responses.create(model=AGENT, input="Q2", background=True, previous_response_id=first.id)
    assert ended(client, second.id).output_text == "A2"
    texts = [item.content[0].text for item in client.responses.input_items.list(second.id, order="asc")]
    assert texts == ["Q1", "A1", "Q2"]


@pytest.mark.parametrize(("query", "param"), [("starting_after=x", "starting_after"), ("stream=1", "stream")])
def test_a_wrong_query_is_refused_by_name(query, param, client: OpenAI, http, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)))
    queued = client.responses.create(model=AGENT, input="Q1", background=True)
    answer = http.get(f"/v1/responses/{queued.id}?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    ended(client, queued.id)


def test_a_long_replay_does_not_hold_the_loop(client: OpenAI, http, service: Service, upstream: Upstream):
    upstream.enqueue(Script(text=("w ",) * 50_000))
    queued = client.responses.create(model="local/scripted-1", input="Q1", background=True)
    ended(client, queued.id)
    with watched(service) as lag:
        replay = frames(http, f"/v1/responses/{queued.id}", starting_after=10)
        lag.assert_short()
    assert len(replay) > 49_900
