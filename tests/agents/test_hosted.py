"""Agents over the API with servers and searches: what is taken, how it is shown, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI

from tests.agents.conftest import MODEL

URL = "https://wiki.example/mcp"
WIKI: dict[str, Any] = {"type": "mcp", "server_label": "wiki", "server_url": URL}
SHOWN = {
    "type": "mcp",
    "server_label": "wiki",
    "server_url": URL,
    "server_description": None,
    "allowed_tools": None,
    "require_approval": None,
    "transport": {"server_url": URL, "type": "http"},
    "connection_origin": "service",
    "credential_id": None,
    "request_metadata": {},
    "required": False,
}
SECRET = {"headers": {"x-team": "a-secret-header"}, "authorization": "a-secret-token"}


def test_the_official_sdk_gives_an_agent_a_server_and_a_search(client: OpenAI):
    transport: Any = {"type": "http", "server_url": URL, "authorization": "a-secret-token"}
    made = client.beta.agents.create(
        model=MODEL,
        tools=[
            {"type": "mcp", "server_label": "wiki", "transport": transport, "allowed_tools": ["search"]},
            {"type": "web_search", "context_size": "low", "location": {"city": "Lisbon", "country": "PT"}},
        ],
    )
    server, search = made.tools
    assert server.type == "mcp"
    assert (server.server_label, server.allowed_tools, server.required) == ("wiki", ["search"], False)
    assert server.transport.type == "http"
    assert server.transport.server_url == URL
    assert search.type == "web_search"
    assert (search.context_size, search.mode, search.allowed_domains) == ("low", "live", None)
    assert search.location is not None
    assert (search.location.city, search.location.country) == ("Lisbon", "PT")
    assert client.beta.agents.retrieve(made.id) == made


def test_a_server_is_shown_as_it_was_given_but_for_what_lets_us_in(http):
    rule = {"never": {"tool_names": ["search"]}}
    given = {**WIKI, **SECRET, "allowed_tools": {"read_only": True}, "require_approval": rule}
    made = http.post("/v1/agents", json={"model": MODEL, "tools": [given]})
    assert made.json()["tools"] == [{**SHOWN, "allowed_tools": {"read_only": True}, "require_approval": rule}]
    assert "a-secret" not in made.text


def test_what_is_shown_can_be_sent_back(http):
    first = http.post("/v1/agents", json={"model": MODEL, "tools": [WIKI, {"type": "web_search"}]}).json()
    changed = http.post(f"/v1/agents/{first['id']}", json={"tools": first["tools"]})
    assert changed.status_code == 200, changed.text
    assert changed.json() == first


def test_other_projects_do_not_see_where_a_server_is(http, stranger):
    body = {"model": MODEL, "tools": [WIKI], "sharing": {"visibility": "public"}}
    id = http.post("/v1/agents", json=body).json()["id"]
    (shown,) = stranger.get(f"/v1/agents/{id}").json()["tools"]
    assert shown == {name: value for name, value in SHOWN.items() if name not in ("server_url", "transport")}


def test_a_search_is_taken_in_the_words_of_either_api(http):
    place = {"type": "approximate", "city": "Lisbon", "country": "PT", "region": None, "timezone": None}
    one = {
        "allowed_domains": ["Example.com"],
        "context_size": "high",
        "location": {"city": "Lisbon", "country": "PT"},
    }
    other = {
        "filters": {"allowed_domains": ["example.com"]},
        "search_context_size": "high",
        "user_location": place,
    }
    asked = [{"model": MODEL, "tools": [{"type": "web_search", **words}]} for words in (one, other)]
    first, second = [http.post("/v1/agents", json=body).json()["tools"] for body in asked]
    expected = {
        "type": "web_search",
        "allowed_domains": ["example.com"],
        "blocked_domains": None,
        "context_size": "high",
        "location": place,
        "max_uses": None,
        "mode": "live",
    }
    assert first == second == [expected]


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([{**WIKI, "server_url": None}], "tools[0].server_url"),
        ([{**WIKI, "server_label": "a b"}], "tools[0].server_label"),
        ([WIKI, WIKI], "tools[1].server_label"),
        ([{**WIKI, "connector_id": "wiki"}], "tools[0].connector_id"),
        ([{"type": "mcp", "server_label": "x", "connector_id": "nobodys"}], "tools[0].connector_id"),
        ([{**WIKI, "required": True}], "tools[0].required"),
        ([{**WIKI, "defer_loading": True}], "tools[0].defer_loading"),
        ([{**WIKI, "credential_id": "vault_1"}], "tools[0].credential_id"),
        ([{**WIKI, "request_metadata": {"a": 1}}], "tools[0].request_metadata"),
        ([{**WIKI, "connection_origin": "environment"}], "tools[0].connection_origin"),
        ([{**WIKI, "transport": {"type": "http", "server_url": f"{URL}/b"}}], "tools[0].server_url"),
        ([{**WIKI, "server_url": None, "transport": {"type": "stdio"}}], "tools[0].transport.type"),
        ([{**WIKI, "server_url": None, "transport": {"type": "http"}}], "tools[0].transport.server_url"),
        ([{"type": "web_search"}, {"type": "web_search"}], "tools[1].type"),
        ([{"type": "web_search", "mode": "cached"}], "tools[0].mode"),
        ([{"type": "web_search", "allowed_domains": ["https://a"]}], "tools[0].allowed_domains[0]"),
        ([{"type": "web_search", "allowed_domains": [], "filters": {}}], "tools[0].filters"),
        (
            [{"type": "web_search", "context_size": "low", "search_context_size": "low"}],
            "tools[0].search_context_size",
        ),
        ([{"type": "web_search", "location": {"country": "Portugal"}}], "tools[0].location.country"),
        ([{"type": "web_search", "max_uses": 0}], "tools[0].max_uses"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_by_name(http, tools: list[dict[str, Any]], param: str):
    refused = http.post("/v1/agents", json={"model": MODEL, "tools": tools})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), refused.text


def test_a_server_that_moves_has_to_be_given_its_credential_again(http):
    id = http.post("/v1/agents", json={"model": MODEL, "tools": [{**WIKI, **SECRET}]}).json()["id"]

    def change(**fields: Any) -> tuple[int, str]:
        answer = http.post(f"/v1/agents/{id}", json={"tools": [{**WIKI, **fields}]})
        return answer.status_code, answer.json().get("error", {}).get("param", "")

    assert change(server_description="Words") == (200, "")
    assert change(server_url="https://evil.example/mcp") == (400, "tools[0].authorization")
    assert change(server_url="https://evil.example/mcp", headers={}) == (200, "")
