"""The published OpenAPI document of the Assistants API, as the judge of every answer we give."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.support.response_schemas import OPENAI, SPECS

Json = dict[str, Any]
SCHEMAS = {
    "thread": "ThreadObject",
    "thread.deleted": "DeleteThreadResponse",
    "thread.message": "MessageObject",
    "thread.message.deleted": "DeleteMessageResponse",
    "thread.run": "RunObject",
    "thread.run.step": "RunStepObject",
    "thread.message.delta": "MessageDeltaObject",
    "thread.run.step.delta": "RunStepDeltaObject",
    "assistant": "AssistantObject",
    "assistant.deleted": "DeleteAssistantResponse",
}
"""By an object's own name."""


def judge(response: httpx.Response) -> None:
    """A hook of an HTTP client: what comes is what the document says."""
    if response.status_code == 200 and response.headers["content-type"] == "application/json":
        response.read()
        check(response.json())


def check(value: Json) -> None:
    """An object, or each of a list, is what the document says."""
    if value.get("object") == "list":
        assert set(value) == {"object", "data", "first_id", "last_id", "has_more"}
        for each in value["data"]:
            check(each)
    elif value.get("object") in SCHEMAS:
        assert list(_validator(SCHEMAS[value["object"]]).iter_errors(value)) == []


def check_stream(frames: str) -> list[tuple[str, Json]]:
    """Each event of a stream is what the document says, and the last is the end; gives (name, data)."""
    events = []
    *whole, end = [frame for frame in frames.split("\n\n") if frame and not frame.startswith(":")]
    assert end == "event: done\ndata: [DONE]"
    for frame in whole:
        name, _, data = frame.partition("\ndata: ")
        value = json.loads(data)
        events.append((name.removeprefix("event: "), value))
        check(value)
        told = {"event": events[-1][0], "data": value}
        assert list(_validator("AssistantStreamEvent").iter_errors(told)) == [], told
    return events


@cache
def _schemas() -> Json:
    path = SPECS / OPENAI
    if not path.exists():
        pytest.skip(f"{OPENAI} is not beside this checkout")
    return _nullable(json.loads(path.read_text())["components"]["schemas"])


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _schemas()}}
    return jsonschema_rs.Draft202012Validator(root)


def _nullable(node: Any) -> Any:
    """The same schema with `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [_nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _nullable(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain
