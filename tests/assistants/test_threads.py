"""Threads and their messages: made, listed in a total order, changed, deleted, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.assistants.common import AGENT, CALL, DEPRECATED, STALLED, WEATHER, thread_of, until_status
from tests.support.house import Service, eventually
from tests.support.upstream import Upstream

pytestmark = DEPRECATED
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


def test_a_thread_lives(client: OpenAI):
    thread = client.beta.threads.create(metadata={"a": "b"})
    assert client.beta.threads.retrieve(thread.id) == thread
    changed = client.beta.threads.update(
        thread.id, tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}}
    )
    assert changed.metadata == {"a": "b"}
    assert changed.tool_resources.file_search.vector_store_ids == ["vs_1"]
    assert client.beta.threads.update(thread.id, metadata=None).metadata == {}
    assert client.beta.threads.delete(thread.id).deleted
    with pytest.raises(openai.NotFoundError, match="No thread found with id"):
        client.beta.threads.retrieve(thread.id)


def test_the_body_of_a_new_thread_may_be_left_out(http: httpx.Client):
    assert http.post("/v1/threads").json()["object"] == "thread"


def test_messages_are_listed_in_the_order_they_were_said(client: OpenAI):
    thread = thread_of(client, *[f"m{number}" for number in range(25)])
    said = [
        message.content[0].text.value
        for message in client.beta.threads.messages.list(thread, order="asc", limit=10)
    ]
    assert said == [f"m{number}" for number in range(25)]
    newest = client.beta.threads.messages.list(thread)
    assert [message.content[0].text.value for message in newest.data] == [
        f"m{number}" for number in reversed(range(5, 25))
    ]
    assert (newest.first_id, newest.last_id, newest.has_more) == (
        newest.data[0].id,
        newest.data[-1].id,
        True,
    )
    back = client.beta.threads.messages.list(thread, before=newest.data[10].id, limit=3)
    assert [message.id for message in back.data] == [message.id for message in newest.data[7:10]]
    assert back.has_more


def test_a_message_lives(client: OpenAI):
    thread = client.beta.threads.create()
    message = client.beta.threads.messages.create(thread.id, role="user", content="Hi", metadata={"a": "b"})
    assert (message.role, message.content[0].text.value, message.run_id) == ("user", "Hi", None)
    got = client.beta.threads.messages.retrieve(message.id, thread_id=thread.id)
    assert got == message
    changed = client.beta.threads.messages.update(message.id, thread_id=thread.id, metadata={"c": "d"})
    assert changed.metadata == {"c": "d"}
    assert client.beta.threads.messages.delete(message.id, thread_id=thread.id).deleted
    assert client.beta.threads.messages.list(thread.id).data == []
    with pytest.raises(openai.NotFoundError, match="No message found"):
        client.beta.threads.messages.retrieve(message.id, thread_id=thread.id)


def test_an_attached_file_is_the_threads(client: OpenAI, upstream: Upstream):
    file = client.files.create(file=("a.csv", b"a,b"), purpose="assistants")
    thread = client.beta.threads.create()
    tools: Any = [{"type": "code_interpreter"}, {"type": "file_search"}]
    message = client.beta.threads.messages.create(
        thread.id, role="user", content="Look", attachments=[{"file_id": file.id, "tools": tools}]
    )
    assert [(each.file_id, [tool.type for tool in each.tools]) for each in message.attachments] == [
        (file.id, ["code_interpreter", "file_search"])
    ]
    resources = client.beta.threads.retrieve(thread.id).tool_resources
    assert resources.code_interpreter.file_ids == [file.id]
    run = client.beta.threads.runs.with_raw_response.create(
        thread_id=thread.id, assistant_id=AGENT, tools=tools
    )
    assert "'code_interpreter' of this agent cannot be run here" in run.headers["x-dragoman-warning"]
    with pytest.raises(openai.NotFoundError) as refused:
        client.beta.threads.create(
            messages=[
                {"role": "user", "content": "x", "attachments": [{"file_id": "file-none", "tools": tools}]}
            ]
        )
    assert refused.value.param == "messages[0].attachments[0].file_id"


def test_images_reach_the_model(client: OpenAI, upstream: Upstream):
    file = client.files.create(file=("a.png", PIXEL), purpose="vision")
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_file", "image_file": {"file_id": file.id, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    thread = client.beta.threads.create(messages=[{"role": "user", "content": content}])
    (message,) = client.beta.threads.messages.list(thread.id)
    assert [part.type for part in message.content] == ["text", "image_file", "image_url"]
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=AGENT)
    assert run.status == "completed", run
    (sent,) = upstream.exchanges[0].body["input"]
    assert [part["type"] for part in sent["content"]] == ["input_text", "input_image", "input_image"]
    assert sent["content"][1]["image_url"].startswith("data:image/png;base64,")
    assert sent["content"][2]["image_url"] == "https://example.com/a.png"


def test_threads_are_listed_which_the_original_never_did(
    client: OpenAI, http: httpx.Client, service: Service
):
    stranger = service.key(project="lister").headers
    made = [http.post("/v1/threads", headers=stranger).json()["id"] for _ in range(5)]
    page = http.get("/v1/threads?limit=2", headers=stranger).json()
    assert ([thread["id"] for thread in page["data"]], page["has_more"]) == (made[:2:-1], True)
    rest = http.get(f"/v1/threads?after={page['last_id']}", headers=stranger).json()
    assert ([thread["id"] for thread in rest["data"]], rest["has_more"]) == (made[2::-1], False)
    upwards = http.get("/v1/threads?order=asc", headers=stranger).json()
    assert [thread["id"] for thread in upwards["data"]] == made


def test_a_thread_is_a_conversation_too(client: OpenAI, upstream: Upstream):
    thread = thread_of(client, "My name is Ada.")
    client.responses.create(model=AGENT, input="Who am I?", conversation=thread)
    texts = [message.content[0].text.value for message in client.beta.threads.messages.list(thread)]
    assert texts[1:] == ["Who am I?", "My name is Ada."]
    assert len(client.conversations.items.list(thread).data) == 3


def test_a_deleted_thread_takes_its_run_along(client: OpenAI, upstream: Upstream, key):
    upstream.enqueue(STALLED)
    thread = thread_of(client)
    run = client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT)
    until_status(client, run, "in_progress")
    client.beta.threads.delete(thread)
    with pytest.raises(openai.NotFoundError):
        client.beta.threads.runs.retrieve(run.id, thread_id=thread)
    assert key.account.held == 0


def test_a_waiting_run_can_be_cancelled(client: OpenAI, upstream: Upstream):
    upstream.enqueue(CALL)
    thread = thread_of(client)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT, tools=[WEATHER])
    assert client.beta.threads.runs.cancel(run.id, thread_id=thread).status == "cancelling"
    done = client.beta.threads.runs.retrieve(run.id, thread_id=thread)
    assert (done.status, done.cancelled_at is None) == ("cancelled", False)
    steps = client.beta.threads.runs.steps.list(run.id, thread_id=thread)
    assert [(step.type, step.status) for step in steps] == [
        ("tool_calls", "cancelled"),
        ("message_creation", "completed"),
    ]
    with pytest.raises(openai.BadRequestError, match="'cancelled'"):
        client.beta.threads.runs.cancel(run.id, thread_id=thread)
    again = client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT)
    assert again.status == "completed"
    assert "function_call" not in upstream.exchanges[-1].raw.decode()


def test_what_a_cancelled_run_had_said_stays(client: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED)
    thread = thread_of(client)
    run = client.beta.threads.runs.create(thread_id=thread, assistant_id=AGENT)
    until_status(client, run, "in_progress")
    going = client.beta.threads.runs.steps.list
    eventually(lambda: bool(going(run.id, thread_id=thread).data))
    (step,) = going(run.id, thread_id=thread)
    assert (step.status, step.usage) == ("in_progress", None)
    written = step.step_details.message_creation.message_id
    assert client.beta.threads.messages.retrieve(written, thread_id=thread).status == "in_progress"
    newest, oldest = client.beta.threads.messages.list(thread).data
    assert (newest.id, newest.status, newest.content) == (written, "in_progress", [])
    upwards = client.beta.threads.messages.list(thread, order="asc").data
    assert [message.id for message in upwards] == [oldest.id, newest.id]
    behind = client.beta.threads.messages.list(thread, after=newest.id).data
    assert [message.id for message in behind] == [oldest.id]
    client.beta.threads.runs.cancel(run.id, thread_id=thread)
    until_status(client, run, "cancelled")
    message = client.beta.threads.messages.retrieve(written, thread_id=thread)
    assert (message.status, message.incomplete_details.reason) == ("incomplete", "run_cancelled")
    assert message.content[0].text.value == "One "


def test_the_first_version_is_refused_and_a_missing_header_is_not(http: httpx.Client):
    refused = http.post("/v1/threads", headers={"OpenAI-Beta": "assistants=v1"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_beta")
    assert http.post("/v1/threads", headers={"OpenAI-Beta": "assistants=v2"}).status_code == 200
    assert http.post("/v1/threads").status_code == 200


WRONG: list[tuple[str, Any, str]] = [
    ("", {"metadata": {str(number): "x" for number in range(17)}}, "metadata"),
    ("", {"metadata": {"k": "v" * 513}}, "metadata.k"),
    ("", {"metadata": {"k" * 65: "v"}}, "metadata"),
    ("", {"messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
    ("", {"messages": [{"role": "user", "content": ""}]}, "messages[0].content"),
    ("", {"messages": [{"role": "user"}]}, "messages[0].content"),
    ("", {"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
    ("", {"messages": [{"role": "user", "content": "x" * 256_001}]}, "messages[0].content"),
    (
        "",
        {"tool_resources": {"code_interpreter": {"file_ids": ["file"] * 21}}},
        "tool_resources.code_interpreter.file_ids",
    ),
    (
        "",
        {"tool_resources": {"file_search": {"vector_store_ids": ["a", "b"]}}},
        "tool_resources.file_search.vector_store_ids",
    ),
    ("/messages", {"role": "user", "content": [{"type": "audio"}]}, "content[0].type"),
    (
        "/messages",
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]},
        "content[0].image_url.url",
    ),
    ("/runs", {}, "assistant_id"),
    ("/runs", {"assistant_id": AGENT, "temperature": 3}, "temperature"),
    ("/runs", {"assistant_id": AGENT, "top_p": -1}, "top_p"),
    ("/runs", {"assistant_id": AGENT, "max_prompt_tokens": 255}, "max_prompt_tokens"),
    ("/runs", {"assistant_id": AGENT, "max_completion_tokens": 1}, "max_completion_tokens"),
    (
        "/runs",
        {"assistant_id": AGENT, "truncation_strategy": {"type": "last_messages"}},
        "truncation_strategy.last_messages",
    ),
    ("/runs", {"assistant_id": AGENT, "tools": [{"type": "web"}]}, "tools[0].type"),
    ("/runs", {"assistant_id": AGENT, "tools": [{"type": "function"}]}, "tools[0].function"),
    (
        "/runs",
        {"assistant_id": AGENT, "tools": [{"type": "function", "function": {"name": "a b"}}]},
        "tools[0].function.name",
    ),
    ("/runs", {"assistant_id": AGENT, "tools": [WEATHER, WEATHER]}, "tools[1].name"),
    (
        "/runs",
        {"assistant_id": AGENT, "tool_choice": {"type": "function", "function": {"name": "none"}}},
        "tool_choice.function.name",
    ),
    ("/runs", {"assistant_id": AGENT, "reasoning_effort": "huge"}, "reasoning_effort"),
    ("/runs?include[]=all", {"assistant_id": AGENT}, "include"),
    (
        "/runs",
        {"assistant_id": AGENT, "additional_messages": [{"role": "user", "content": ""}]},
        "additional_messages[0].content",
    ),
]


@pytest.mark.parametrize(("path", "body", "param"), WRONG, ids=[param for _, _, param in WRONG])
def test_what_is_wrong_is_refused_by_name(
    path: str, body: Any, param: str, client: OpenAI, http: httpx.Client
):
    thread = f"/{client.beta.threads.create().id}" if path else ""
    answer = http.post(f"/v1/threads{thread}{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), answer.text
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("order=up", "order"), ("after=msg_x", "after")],
)
def test_a_wrong_page_is_refused_by_name(query: str, param: str, client: OpenAI, http: httpx.Client):
    for path in ("messages", "runs"):
        answer = http.get(f"/v1/threads/{client.beta.threads.create().id}/{path}?{query}")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_an_empty_page_has_no_ends(client: OpenAI):
    page = client.beta.threads.messages.list(client.beta.threads.create().id)
    assert (page.data, page.first_id, page.last_id, page.has_more) == ([], None, None, False)


def test_a_project_that_stores_nothing_has_no_threads(service: Service):
    key = service.key(project="forbidden")
    answer = httpx.post(service.base_url + "/v1/threads", headers=key.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


def test_vector_stores_to_be_made_are_left_out_with_a_warning(http: httpx.Client):
    wanted = {"file_search": {"vector_stores": [{"file_ids": []}]}}
    made = http.post("/v1/threads", json={"tool_resources": wanted})
    assert made.status_code == 200
    assert "vector stores cannot be made here yet" in made.headers["x-dragoman-warning"]
    both = {"file_search": {"vector_stores": [{}], "vector_store_ids": ["vs_1"]}}
    refused = http.post("/v1/threads", json={"tool_resources": both})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "tool_resources.file_search")
