"""The checks of the official acceptance suite of Open Responses that need neither state nor a socket,
under their own names, over the wire. The suite itself is run by others.

https://www.openresponses.org, suite of 2026-04-24
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.response_schemas import OPEN, violations
from tests.support.responses import check_grammar

AGENT = "agent_standin"
HEART = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQMAAAD+wSzIAAAABlBMVEX///+/v7+jQ3Y5AAAADklEQVQI12P4AIX8"
    "EAgALgAD/aNpbtEAAAAASUVORK5CYII"
)
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "The city and state"}},
        "required": ["location"],
    },
}
Json = dict[str, Any]


def said(role: str, content: Any, **more: Any) -> Json:
    return {"type": "message", "role": role, "content": content, **more}


def create(http: httpx.Client, **fields: Any) -> Json:
    """Create a response and hold it to the schema."""
    answer = http.post("/v1/responses", json={"model": AGENT, **fields})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert violations(OPEN, answer.json()) == []
    return answer.json()


def text_of(response: Json) -> str:
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for message in messages for part in message["content"])


def test_basic_response(http: httpx.Client):
    response = create(http, input=[said("user", "Say hello in exactly 3 words.")])
    assert response["status"] == "completed"
    assert len(response["output"]) > 0


def test_assistant_phase(http: httpx.Client):
    earlier = said("assistant", "I am looking at it.", phase="commentary")
    response = create(
        http, input=[said("user", "Find the bug."), earlier, said("user", "What did you find? Be brief.")]
    )
    assert response["status"] == "completed"


@pytest.mark.parametrize("phase", ["commentary", "final_answer", None])
def test_response_output_phase_schema(http: httpx.Client, phase: str | None):
    response = create(http, input=[said("user", "Hi")])
    message = dict(next(item for item in response["output"] if item["type"] == "message"))
    assert "phase" not in message, "absent, never null"
    if phase is not None:
        message["phase"] = phase
    assert violations(OPEN, {**response, "output": [message]}) == []
    wrong = {**message, "phase": "thinking"}
    assert violations(OPEN, {**response, "output": [wrong]}) != []


def test_streaming_response(http: httpx.Client):
    body = {"model": AGENT, "stream": True, "input": [said("user", "Count from 1 to 5.")]}
    with http.stream("POST", "/v1/responses", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        frames = answer.read().decode().split("\n\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    events = [json.loads(frame.partition("\ndata: ")[2]) for frame in frames[:-2] if frame[0] != ":"]
    assert [found for event in events for found in violations(OPEN, event)] == []
    assert all(f"event: {event['type']}\n" in "\n\n".join(frames) for event in events)
    check_grammar(events)
    assert events[-1]["response"]["status"] == "completed"


def test_system_prompt(http: httpx.Client):
    response = create(
        http,
        input=[said("system", "You are a pirate. Always respond in pirate speak."), said("user", "Hello!")],
    )
    assert response["status"] == "completed"
    assert text_of(response)


def test_tool_calling(http: httpx.Client):
    response = create(
        http,
        input=[said("user", 'What is the weather?\n/call get_weather {"location":"San Francisco, CA"}')],
        tools=[WEATHER],
    )
    (call,) = [item for item in response["output"] if item["type"] == "function_call"]
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"location": "San Francisco, CA"})


def test_image_input(http: httpx.Client):
    content = [
        {"type": "input_text", "text": "What do you see in this image? Answer in one sentence."},
        {"type": "input_image", "image_url": HEART},
    ]
    response = create(http, input=[said("user", content)])
    assert response["status"] == "completed"
    assert len(response["output"]) > 0


def test_multi_turn(http: httpx.Client):
    turns = [
        said("user", "My name is Alice."),
        said("assistant", "Hello Alice! Nice to meet you. How can I help you today?"),
        said("user", "What is my name?"),
    ]
    response = create(http, input=turns)
    assert response["status"] == "completed"
    assert len(response["output"]) > 0
