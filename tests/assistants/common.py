"""What the tests of the Assistants API share: an agent, tools, and threads that begin with a word."""

from __future__ import annotations

import time
from typing import Any

import pytest
from openai import OpenAI
from openai.types.beta.threads import Run

from tests.support.patience import PATIENCE
from tests.support.script import Script, ToolCall

AGENT = "agent_answers"
DEPRECATED = pytest.mark.filterwarnings("ignore:The Assistants API", "ignore:deprecated")
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CALL = Script(text=("Let me look. ",), calls=(ToolCall("weather", ('{"city":', '"Oslo"}')),))
CALLS = Script(
    calls=(ToolCall("weather", ('{"city":', '"Oslo"}')), ToolCall("weather", ('{"city":"Rome"}',)))
)
SUNNY = Script(text=("Sunny ", "there."))
STALLED = Script(text=("One ", "two ", "three"), stall_after_events=5)


def thread_of(client: OpenAI, *words: str) -> str:
    """A thread with these messages of its user."""
    said: Any = [{"role": "user", "content": word} for word in words or ("Hello",)]
    return client.beta.threads.create(messages=said).id


def until_status(client: OpenAI, run: Run, *statuses: str) -> Run:
    """The run once it stands so."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
        if found.status in statuses:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def outputs_of(run: Run, output: str = "21 °C") -> list[Any]:
    """The same output for each call that a run waits for."""
    assert run.required_action is not None
    return [
        {"tool_call_id": call.id, "output": output}
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
