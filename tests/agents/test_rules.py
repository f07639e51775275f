"""What an agent may be: every field is kept, or refused by its name."""

from __future__ import annotations

import httpx
import pytest

from tests.agents.conftest import MODEL

FULL = {
    "model": MODEL,
    "fallbacks": ["gpt-4-turbo", "answers/scripted-1"],
    "name": "Clerk",
    "description": "Answers.",
    "instructions": "Be brief.",
    "tools": [
        {"type": "file_search", "max_num_results": 5, "ranking_options": {"score_threshold": 0.5}},
        {
            "type": "function",
            "name": "f",
            "description": "F",
            "parameters": {"type": "object"},
            "strict": True,
        },
        {"type": "code_interpreter"},
    ],
    "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}},
    "metadata": {"team": "a"},
    "reasoning": {"effort": "high", "summary": "concise"},
    "text": {"format": {"type": "json_object"}, "verbosity": "high"},
    "service_tier": "flex",
    "temperature": 0.3,
    "top_p": 0.9,
    "presence_penalty": 0.1,
    "frequency_penalty": -0.1,
    "max_output_tokens": 900,
    "stop": ["END"],
    "parallel_tool_calls": False,
    "limits": {
        "max_output_tokens": 1000,
        "max_cost_usd": "0.25",
        "max_steps": 7,
        "max_tool_calls": 3,
        "max_seconds": 60,
    },
    "overrides": ["sampling"],
    "on_disconnect": "drain",
    "sharing": {"visibility": "shared", "projects": ["elsewhere"], "users": ["user_x"]},
}
LONG = "x" * 300_000


def test_every_field_comes_back_as_it_was_given(http: httpx.Client):
    agent = http.post("/v1/agents", json=FULL).json()
    expected = FULL | {"aliases": [], "version": 1, "source": "api", "read_only": False, "owner": None}
    expected["tools"] = [
        {
            "type": "file_search",
            "max_num_results": 5,
            "ranking_options": {"ranker": None, "score_threshold": 0.5},
        },
        FULL["tools"][1] | {"defer_loading": False, "async": False},
        {"type": "code_interpreter"},
    ]
    assert {name: agent[name] for name in expected} == expected
    assert http.get(f"/v1/agents/{agent['id']}").json() == agent


def test_null_is_the_default_of_every_field(http: httpx.Client):
    full = http.post("/v1/agents", json=FULL).json()
    fields = {name: None for name in FULL if name not in ("model", "sharing")}
    cleared = http.post(f"/v1/agents/{full['id']}", json=fields).json()
    plain = http.post("/v1/agents", json={"model": MODEL}).json()
    changing = ("id", "created_at", "updated_at", "version", "sharing")
    assert {k: v for k, v in cleared.items() if k not in changing} == {
        k: v for k, v in plain.items() if k not in changing
    }


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": "nobody/x"}, "model"),
        ({"model": "gpt-9"}, "model"),
        ({"model": ""}, "model"),
        ({"model": None}, "model"),
        ({"model": "local/no-price"}, "model"),
        ({"fallbacks": [MODEL, "gpt-9"]}, "fallbacks[1]"),
        ({"fallbacks": [MODEL] * 9}, "fallbacks"),
        ({"name": "x" * 257}, "name"),
        ({"name": 1}, "name"),
        ({"description": "x" * 513}, "description"),
        ({"instructions": LONG}, "instructions"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"tools": [{"type": "shell"}]}, "tools[0].type"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools[0].server_url"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": []}]}, "tools[0].parameters"),
        ({"tools": [{"type": "function", "name": "f", "async": True}]}, "tools[0].async"),
        ({"tools": [{"type": "function", "name": "f", "defer_loading": True}]}, "tools[0].defer_loading"),
        ({"tools": [{"type": "function", "name": "f"}] * 2}, "tools[1].name"),
        ({"tools": [{"type": "code_interpreter"}] * 2}, "tools[1].type"),
        ({"tools": [{"type": "file_search", "max_num_results": 51}]}, "tools[0].max_num_results"),
        (
            {"tools": [{"type": "file_search", "ranking_options": {"score_threshold": 2}}]},
            "tools[0].ranking_options.score_threshold",
        ),
        ({"tools": [{"type": "function", "name": f"f{n}"} for n in range(129)]}, "tools"),
        (
            {"tool_resources": {"file_search": {"vector_store_ids": ["a", "b"]}}},
            "tool_resources.file_search.vector_store_ids",
        ),
        (
            {"tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
            "tool_resources.code_interpreter.file_ids",
        ),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"text": {"verbosity": "loud"}}, "text.verbosity"),
        ({"service_tier": "first"}, "service_tier"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [""]}, "stop[0]"),
        ({"aliases": ["a b"]}, "aliases[0]"),
        ({"aliases": ["fine", "agent_mine"]}, "aliases[1]"),
        ({"aliases": ["asst_mine"]}, "aliases[0]"),
        ({"aliases": ["x@1"]}, "aliases[0]"),
        ({"aliases": ["gpt-4-turbo"]}, "aliases[0]"),
        ({"aliases": ["local/scripted-1"]}, "aliases[0]"),
        ({"aliases": [f"a{n}" for n in range(17)]}, "aliases"),
        ({"limits": {"max_cost_usd": "-1"}}, "limits.max_cost_usd"),
        ({"limits": {"max_cost_usd": "NaN"}}, "limits.max_cost_usd"),
        ({"limits": {"max_cost_usd": "much"}}, "limits.max_cost_usd"),
        ({"limits": {"max_cost_usd": "0.0000000001"}}, "limits.max_cost_usd"),
        ({"limits": {"max_cost_usd": "1e300"}}, "limits.max_cost_usd"),
        ({"limits": {"max_steps": 0}}, "limits.max_steps"),
        ({"limits": {"max_output_tokens": 2**40}}, "limits.max_output_tokens"),
        ({"overrides": ["all"]}, "overrides[0]"),
        ({"on_disconnect": "stay"}, "on_disconnect"),
        ({"sharing": {"visibility": "all"}}, "sharing.visibility"),
        ({"sharing": {"projects": ["a"]}}, "sharing.projects"),
        ({"sharing": {"visibility": "public", "users": ["a"]}}, "sharing.users"),
        ({"sharing": {"visibility": "shared", "users": [""]}}, "sharing.users[0]"),
        ({"sharing": {"visibility": "shared", "projects": ["p"] * 101}}, "sharing.projects"),
        ({"compaction": {"async": True}}, "compaction.async"),
        ({"experimental": {"time_awareness": True}}, "experimental.time_awareness"),
        ({"multi_agent": {"enabled": True}}, "multi_agent.enabled"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_had_is_refused_by_name(http: httpx.Client, fields: dict, param: str):
    refused = http.post("/v1/agents", json={"model": MODEL, **fields})
    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    if "model" not in fields:
        return
    assert "model" in error["message"]
    id = http.post("/v1/agents", json={"model": MODEL}).json()["id"]
    assert http.post(f"/v1/agents/{id}", json=fields).json()["error"]["param"] == param


def test_a_file_of_another_project_is_none(http: httpx.Client, stranger: httpx.Client):
    file = stranger.post("/v1/files", data={"purpose": "assistants"}, files={"file": ("a.txt", b"x")}).json()
    resources = {"tool_resources": {"code_interpreter": {"file_ids": [file["id"]]}}}
    refused = http.post("/v1/agents", json={"model": MODEL, **resources})
    assert refused.status_code == 404
    assert refused.json()["error"]["param"] == "tool_resources.code_interpreter.file_ids[0]"
    own = http.post("/v1/files", data={"purpose": "assistants"}, files={"file": ("a.txt", b"x")}).json()
    resources["tool_resources"]["code_interpreter"]["file_ids"] = [own["id"]]
    agent = http.post("/v1/agents", json={"model": MODEL, **resources}).json()
    assert agent["tool_resources"] == {"code_interpreter": {"file_ids": [own["id"]]}}


def test_unknown_fields_are_ignored(http: httpx.Client):
    assert http.post("/v1/agents", json={"model": MODEL, "novelty": 1}).status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'"x"', b"{}"])
def test_a_body_that_is_no_agent_is_refused(http: httpx.Client, body: bytes):
    answer = http.post("/v1/agents", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["agent_support", "gpt-4o-mini", "gpt-4-turbo", "local/scripted-1"])
def test_a_model_may_be_named_by_whatever_stands_for_it(service, name: str):
    key = service.key(scopes=("agents.write", "agents.read"))
    answer = httpx.post(f"{service.base_url}/v1/agents", json={"model": name}, headers=key.headers)
    assert answer.json()["model"] == name
    model = httpx.get(f"{service.base_url}/v1/models/{answer.json()['id']}", headers=key.headers)
    assert model.json()["owned_by"] == "local"


def test_an_agent_of_the_configuration_is_shown_but_not_changed(http: httpx.Client):
    agent = http.get("/v1/agents/agent_drain").json()
    assert (agent["source"], agent["read_only"], agent["on_disconnect"]) == ("configuration", True, "drain")
    assert http.get(f"/v1/agents/agent_drain@{agent['version']}").json() == agent
    (version,) = http.get("/v1/agents/agent_drain/versions").json()["data"]
    assert version["agent"] == agent
    for answer in (
        http.post("/v1/agents/agent_drain", json={"name": "x"}),
        http.delete("/v1/agents/agent_drain"),
        http.post("/v1/agents/agent_drain/restore", json={"version": 1}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


def test_a_hosted_tool_is_left_out_of_a_run_with_a_warning(http: httpx.Client, upstream):
    id = http.post("/v1/agents", json={"model": MODEL, "tools": FULL["tools"]}).json()["id"]
    answer = http.post("/v1/responses", json={"model": id, "input": "Hi"})
    assert answer.status_code == 200
    assert "file_search" in answer.headers["x-dragoman-warning"]
    assert [tool["function"]["name"] for tool in upstream.exchanges[-1].body["tools"]] == ["f"]
