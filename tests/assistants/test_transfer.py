"""Threads as JSON Lines: what goes out comes in again, also from another service."""

from __future__ import annotations

import json

import httpx
import pytest
from openai import OpenAI

from tests.assistants.common import AGENT, DEPRECATED, SUNNY, thread_of
from tests.support.upstream import Upstream

pytestmark = DEPRECATED
LINES = {"content-type": "application/jsonl"}


def test_what_goes_out_comes_in_again(client: OpenAI, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(SUNNY)
    file = client.files.create(file=("a.csv", b"a,b"), purpose="assistants")
    thread = thread_of(client, *[f"m{number}" for number in range(150)])
    client.beta.threads.messages.create(
        thread,
        role="user",
        content=[
            {"type": "text", "text": "Ünï 😀"},
            {"type": "image_url", "image_url": {"url": "https://x.y/z"}},
        ],
        attachments=[{"file_id": file.id, "tools": [{"type": "code_interpreter"}]}],
        metadata={"a": "b"},
    )
    client.beta.threads.update(thread, metadata={"whose": "mine"})
    client.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=AGENT)
    out = http.get(f"/v1/threads/{thread}/export")
    assert out.headers["content-type"] == "application/jsonl"
    assert len(out.content.splitlines()) == 153
    made = http.post("/v1/threads/import", content=out.content, headers=LINES).raise_for_status().json()
    assert (made["id"] != thread, made["metadata"]) == (True, {"whose": "mine"})
    assert made["tool_resources"]["code_interpreter"]["file_ids"] == [file.id]
    again = http.get(f"/v1/threads/{made['id']}/export").content.splitlines()
    assert [told(line) for line in again[1:]] == [told(line) for line in out.content.splitlines()[1:]]


def told(line: bytes) -> dict:
    """What of an exported message does not depend on where it is."""
    message = json.loads(line)
    return {
        name: message[name]
        for name in ("role", "content", "created_at", "attachments", "metadata", "assistant_id")
    }


def test_messages_of_another_service_come_in(http: httpx.Client):
    lines = [
        {"role": "user", "content": "Hello"},
        {
            "id": "msg_abc",
            "object": "thread.message",
            "created_at": 1_700_000_000,
            "role": "assistant",
            "content": [
                {
                    "type": "text",
                    "text": {
                        "value": "Hi【4:0†source】",
                        "annotations": [{"type": "file_citation", "text": "x"}],
                    },
                }
            ],
            "assistant_id": "asst_theirs",
            "run_id": "run_theirs",
        },
    ]
    body = "\n".join(map(json.dumps, lines))
    made = http.post("/v1/threads/import", content=body, headers=LINES).raise_for_status().json()
    second, first = http.get(f"/v1/threads/{made['id']}/messages").json()["data"]
    assert first["content"][0]["text"]["value"] == "Hello"
    assert (second["created_at"], second["assistant_id"], second["run_id"]) == (
        1_700_000_000,
        "asst_theirs",
        None,
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", ""),
        (b'{"role": "user", "content": "x"}\nnot json', "line 2"),
        (b'{"role": "user"}', "line 1"),
        (b'{"role": "user", "content": "x"}\n{"object": "thread"}', "line 2"),
        (
            b'{"role": "user", "content": "x", "attachments": [{"file_id": "file-x"}]}',
            "line 1: attachments[0].file_id",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named(body: bytes, param: str, http: httpx.Client):
    answer = http.post("/v1/threads/import", content=body, headers=LINES)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["param"] == param


def test_what_does_not_say_it_is_lines_is_refused(http: httpx.Client):
    answer = http.post("/v1/threads/import", content=b"{}", headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
