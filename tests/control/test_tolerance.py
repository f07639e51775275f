"""Requests as real clients send them go through: nothing they add fails, nothing they leave null does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.apis import sse
from tests.support.responses import check_grammar
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream

Json = dict[str, Any]


def text(kind: str, words: str) -> list[Json]:
    return [{"type": kind, "text": words}]


def codex(agent: str) -> Json:
    """A turn of Codex CLI, second of its session: ids on every item, tools of every type it has."""
    return {
        "model": agent,
        "instructions": "You are Codex, a coding agent.",
        "input": [
            {
                "type": "message",
                "id": "msg_1",
                "role": "developer",
                "content": text("input_text", "<permissions>read-only</permissions>"),
            },
            {
                "type": "message",
                "id": "msg_2",
                "role": "user",
                "content": text("input_text", "<environment_context><cwd>/src</cwd></environment_context>"),
            },
            {
                "type": "message",
                "id": "msg_3",
                "role": "user",
                "content": text("input_text", "List the files"),
            },
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "content": None,
                "encrypted_content": "gAAA==",
            },
            {
                "type": "message",
                "id": "msg_4",
                "role": "assistant",
                "phase": "commentary",
                "content": text("output_text", "Looking."),
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "exec_command",
                "arguments": '{"cmd":"ls"}',
            },
            {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "README.md"},
            {
                "type": "custom_tool_call",
                "id": "ctc_1",
                "status": "completed",
                "call_id": "call_2",
                "name": "apply_patch",
                "input": "*** Begin Patch\n*** End Patch\n",
            },
            {"type": "custom_tool_call_output", "id": "cto_1", "call_id": "call_2", "output": "Done"},
        ],
        "tools": [
            {
                "type": "function",
                "name": "exec_command",
                "description": "Runs a command.",
                "strict": False,
                "parameters": {
                    "type": "object",
                    "properties": {"cmd": {"type": "string"}},
                    "required": ["cmd"],
                    "additionalProperties": False,
                },
            },
            {
                "type": "custom",
                "name": "apply_patch",
                "description": "Edits files. Do not wrap the patch in JSON.",
                "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'},
            },
            {
                "type": "namespace",
                "name": "agents",
                "description": "Sub-agents.",
                "tools": [{"type": "function", "name": "spawn", "parameters": {"type": "object"}}],
            },
            {"type": "web_search", "external_web_access": False},
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199a213-81c0-7800-8aa1-bbab2a035a53",
        "text": {"verbosity": "low"},
        "client_metadata": {"x-codex-installation-id": "0199a213", "x-codex-turn-metadata": "{}"},
    }


HEADERS = {"originator": "codex_exec", "user-agent": "codex_exec/0.99.0", "accept": "text/event-stream"}


def stream(http: httpx.Client, body: Json) -> tuple[list[Json], httpx.Headers]:
    with http.stream("POST", "/v1/responses", json=body, headers=HEADERS) as answer:
        assert answer.status_code == 200, answer.read()
        return list(sse(answer)), answer.headers


@pytest.mark.parametrize("agent", ["agent_custom", "agent_answers", "agent_support", "agent_letters"])
def test_codex_gets_its_answer_from_every_provider(http, upstream: Upstream, agent):
    upstream.enqueue(Script(text=("All ", "done")))
    events, headers = stream(http, codex(agent))
    check_grammar(events)
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "All done"
    assert "tools[2]" in headers["x-dragoman-warning"]
    assert "tools[3]" in headers["x-dragoman-warning"]


def test_its_custom_tool_is_passed_where_the_model_knows_them(http, upstream: Upstream):
    stream(http, codex("agent_custom"))
    sent = upstream.exchanges[0].body
    assert sent["tools"][1] == codex("")["tools"][1]
    kinds = [item["type"] for item in sent["input"]]
    assert kinds[-2:] == ["custom_tool_call", "custom_tool_call_output"]


@pytest.mark.parametrize("agent", ["agent_answers", "agent_support", "agent_letters"])
def test_elsewhere_its_custom_tool_is_a_function_and_its_call_comes_back(http, upstream: Upstream, agent):
    call = ToolCall("apply_patch", ('{"input":"*** Beg', 'in\\n+a"}'), "call_9")
    upstream.enqueue(Script(calls=(call,)))
    events, _ = stream(http, codex(agent))
    check_grammar(events)
    (item,) = events[-1]["response"]["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "apply_patch", "*** Begin\n+a")
    deltas = [event["delta"] for event in events if event["type"].endswith("tool_call_input.delta")]
    assert deltas == ["*** Beg", "in\n+a"]
    assert b"Do not wrap the patch in JSON." in upstream.exchanges[0].raw


def llama_index() -> Json:
    """LlamaIndex writes every field it knows, null where it has nothing to say."""
    return {
        "model": "agent_answers",
        "input": [{"role": "user", "content": "Hello"}],
        "instructions": None,
        "include": None,
        "max_output_tokens": None,
        "metadata": None,
        "parallel_tool_calls": None,
        "previous_response_id": None,
        "reasoning": None,
        "store": False,
        "stream": False,
        "temperature": None,
        "text": None,
        "tool_choice": None,
        "tools": None,
        "top_p": None,
        "truncation": None,
        "user": None,
        "service_tier": None,
        "background": None,
        "conversation": None,
        "context_management": None,
        "max_tool_calls": None,
        "prompt": None,
        "prompt_cache_key": None,
        "safety_identifier": None,
        "stream_options": None,
        "top_logprobs": None,
    }


def test_explicit_nulls_are_the_same_as_absence(http, upstream: Upstream):
    answer = http.post("/v1/responses", json=llama_index())
    assert answer.status_code == 200, answer.text
    assert answer.json()["temperature"] == 1
    assert set(upstream.exchanges[0].body) == {"model", "input", "stream", "store"}


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses?beta=true"])
def test_unknown_fields_and_queries_fail_nothing(http, path):
    body = {"model": "agent_standin", "input": "Hi", "invented": {"deep": [1]}, "betas": ["new"]}
    assert http.post(path, json=body).status_code == 200


def test_wrong_words_are_answered_with_the_right_ones(http):
    answer = http.post("/v1/responses", json={"model": "a", "input": "x", "text": {"verbosity": "loud"}})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "text.verbosity")
    assert error["message"] == "text.verbosity must be one of 'high', 'low', 'medium'; got 'loud'."
