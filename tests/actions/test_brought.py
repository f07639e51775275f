"""Agents made over the API that bring an OpenAPI document along: what becomes of it, whom its credential
serves, and where it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.apis import APIS, Api
from tests.support.house import Key, Service, service_in_thread
from tests.support.math_action import DOCUMENT, Calculator, calculator_in_thread
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream

CONFIG = """
[egress]
allow = ["127.0.0.1"]
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
expose = ["m"]
free = true
"""
SCOPES = ("inference", "agents.read", "agents.write", "assistants")
CANARY = "canary-c4d1-action-token"
BODY = {"type": "object", "properties": {"expr": {"type": "string"}, "precision": {"type": "integer"}}}
BEARER = {"type": "bearer", "token": CANARY}


@pytest.fixture(scope="module")
def calculator() -> Iterator[tuple[Calculator, str]]:
    with calculator_in_thread() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("brought")


@pytest.fixture(scope="module")
def service(shared_upstream: Upstream, folder: Path) -> Iterator[Service]:
    with service_in_thread(CONFIG.format(upstream=shared_upstream.base_url), folder) as service:
        yield service


@pytest.fixture
def asked(calculator: tuple[Calculator, str]) -> list[tuple[str, dict[str, str], bytes]]:
    calculator[0].asked.clear()
    return calculator[0].asked


@pytest.fixture
def key(service: Service) -> Key:
    return service.key(scopes=SCOPES)


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    headers = service.key(project="elsewhere", scopes=SCOPES).headers
    with httpx.Client(base_url=service.base_url, headers=headers) as client:
        yield client


@pytest.fixture
def url(calculator: tuple[Calculator, str]) -> str:
    return calculator[1]


def tool(url: str, **fields: Any) -> dict[str, Any]:
    return {"type": "openapi", "openapi": {"name": "math", "spec": DOCUMENT, "server": url, **fields}}


def made(http: httpx.Client, *tools: dict[str, Any], **fields: Any) -> str:
    answer = http.post("/v1/agents", json={"model": "local/m", "tools": list(tools), **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def change(http: httpx.Client, id: str, *tools: dict[str, Any]) -> httpx.Response:
    return http.post(f"/v1/agents/{id}", json={"tools": list(tools)})


def calls(upstream: Upstream, text: str = "Done.") -> None:
    """The model calls the calculator, then says something."""
    evaluate = ToolCall("evaluate", (json.dumps({"expr": "1+1", "precision": None}),))
    upstream.enqueue(Script(calls=(evaluate,)), Script(text=(text,)))


def run(http: httpx.Client, upstream: Upstream, agent: str) -> str:
    """What came of the call, as the model was told."""
    calls(upstream)
    answer = http.post("/v1/responses", json={"model": agent, "input": "Add up"})
    assert answer.status_code == 200, answer.text
    (call,) = [item for item in answer.json()["output"] if item["type"] == "mcp_call"]
    return call["output"] or json.dumps(call["error"])


def sent(asked: list[tuple[str, dict[str, str], bytes]]) -> list[str | None]:
    """The authorization of each request that the calculator got."""
    return [httpx.Headers(headers).get("authorization") for _, headers, _ in asked]


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
@pytest.mark.parametrize("spec", [DOCUMENT, {"openapi": "3.1.0"}], ids=["text", "object"])
def test_its_operations_are_called_in_every_api(api: Api, spec: Any, http, upstream, asked, url):
    if isinstance(spec, dict):
        body = {"content": {"application/json": {"schema": BODY}}}
        operation = {"operationId": "evaluate", "requestBody": body}
        spec = {**spec, "paths": {"/v4/": {"post": operation}}}
    agent = made(http, tool(url, spec=spec, auth=BEARER))
    calls(upstream, "It is 2.")
    answer = http.post(api.path, json=api.body(agent, "Add up"))
    assert answer.status_code == 200, answer.text
    assert api.text(answer.json()).endswith("It is 2.")
    assert sent(asked) == [f"Bearer {CANARY}"]


def test_two_documents_keep_their_names_apart(http, upstream, asked, url):
    agent = made(http, tool(url), tool(url, name="other"))
    calls(upstream)
    http.post("/v1/responses", json={"model": agent, "input": "Add up"})
    offered = [each["function"]["name"] for each in upstream.exchanges[0].body["tools"]]
    assert offered == ["evaluate", "other_evaluate"]


def test_it_is_shown_as_it_was_given_and_without_its_auth(http, url):
    given = tool(url, auth=BEARER, description="Adds up", hosts=["127.0.0.1"], operations=["evaluate"])
    shown = http.get(f"/v1/agents/{made(http, given)}").json()["tools"]
    del given["openapi"]["auth"]
    assert shown == [given]
    again = tool(url, spec={"openapi": "3.1.0", "paths": {"/": {"get": {"operationId": "a"}}}})
    (shown,) = http.get(f"/v1/agents/{made(http, again)}").json()["tools"]
    assert shown["openapi"]["spec"] == again["openapi"]["spec"]


def test_a_credential_stays_where_none_is_given_and_goes_with_null(http, upstream, asked, url):
    agent = made(http, tool(url, auth=BEARER))
    assert change(http, agent, tool(url, description="Other words")).json()["version"] == 2
    run(http, upstream, agent)
    assert change(http, agent, tool(url, auth=None)).json()["version"] == 3
    run(http, upstream, agent)
    assert sent(asked) == [f"Bearer {CANARY}", None]


def test_a_credential_is_gone_with_its_tool(http, upstream, asked, url):
    agent = made(http, tool(url, auth=BEARER))
    change(http, agent)
    change(http, agent, tool(url))
    run(http, upstream, agent)
    assert sent(asked) == [None]


def test_a_tool_that_goes_elsewhere_has_to_be_given_its_credential_again(http, upstream, asked, url):
    agent = made(http, tool(url, auth=BEARER))
    for fields in ({"server": "https://evil.example"}, {"hosts": ["evil.example"]}):
        refused = change(http, agent, tool(**{"url": url, **fields}))
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "tools[0].openapi.auth")
    assert change(http, agent, tool("https://evil.example", auth=None)).status_code == 200


def test_an_earlier_version_has_the_credential_of_now_and_only_for_its_own_server(http, upstream, asked, url):
    agent = made(http, tool("http://127.0.0.1:9", auth=None))
    change(http, agent, tool(url, auth={**BEARER, "token": "the-first-token"}))
    change(http, agent, tool(url, auth=BEARER))
    run(http, upstream, f"{agent}@2")
    assert sent(asked) == [f"Bearer {CANARY}"]
    assert "failed" in run(http, upstream, f"{agent}@1")
    change(http, agent, tool(url, description="Other words"))
    assert http.post(f"/v1/agents/{agent}/restore", json={"version": 2}).json()["version"] == 5
    run(http, upstream, agent)
    assert sent(asked) == [f"Bearer {CANARY}"] * 2


def test_another_project_does_not_use_the_owners_credential(http, stranger, upstream, asked, url):
    agent = made(http, tool(url, auth=BEARER), sharing={"visibility": "public"})
    told = run(stranger, upstream, agent)
    assert "serves the project of the agent's owner alone" in told
    assert asked == []
    run(http, upstream, agent)
    assert sent(asked) == [f"Bearer {CANARY}"]


def test_another_project_sees_neither_the_document_nor_where_it_leads(http, stranger, url):
    agent = made(http, tool(url, description="Adds up"), sharing={"visibility": "public"})
    shown = stranger.get(f"/v1/agents/{agent}").json()["tools"]
    assert shown == [{"type": "openapi", "openapi": {"name": "math", "description": "Adds up"}}]


def test_what_needs_no_credential_is_called_for_other_projects_too(http, stranger, upstream, asked, url):
    agent = made(http, tool(url), sharing={"visibility": "public"})
    assert json.loads(run(stranger, upstream, agent))["result"] == "2"


MANY = {"openapi": "3.1.0", "paths": {f"/{n}": {"get": {"operationId": f"op_{n}"}} for n in range(100)}}
AT = "tools[0].openapi"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"spec": "no: document"}, f"{AT}.spec"),
        ({"spec": None}, f"{AT}.spec"),
        ({"spec": 7}, f"{AT}.spec"),
        ({"spec": "{"}, f"{AT}.spec"),
        ({"spec": {"openapi": "2.0"}}, f"{AT}.spec"),
        ({"spec": "x" * (2**20 + 1)}, f"{AT}.spec"),
        ({"spec": DOCUMENT.replace("servers", "x-servers"), "server": None}, f"{AT}.spec"),
        ({"operations": ["evaluate", "divide"]}, f"{AT}.operations"),
        ({"operations": ["a b"]}, f"{AT}.operations[0]"),
        ({"operations": ["a"] * 129}, f"{AT}.operations"),
        ({"name": "a b"}, f"{AT}.name"),
        ({"name": "a" * 33}, f"{AT}.name"),
        ({"server": "file:///etc/passwd"}, f"{AT}.server"),
        ({"server": "https://user:secret@a.example"}, f"{AT}.server"),
        ({"hosts": ["https://a.example"]}, f"{AT}.hosts[0]"),
        ({"hosts": ["a.example"] * 33}, f"{AT}.hosts"),
        ({"description": "x" * 513}, f"{AT}.description"),
        ({"auth": {"type": "digest"}}, f"{AT}.auth.type"),
        ({"auth": {"type": "bearer"}}, f"{AT}.auth.token"),
        ({"auth": {"type": "bearer", "token": ""}}, f"{AT}.auth.token"),
        ({"auth": {"type": "bearer", "token": f"{CANARY}\r\nx: y"}}, f"{AT}.auth.token"),
        ({"auth": {"type": "basic", "user": "a", "password": f"{CANARY}é"}}, f"{AT}.auth.password"),
        ({"auth": {"type": "api_key", "name": "x y", "value": CANARY}}, f"{AT}.auth.name"),
        ({"auth": {"type": "api_key", "name": "x", "value": CANARY, "place": "body"}}, f"{AT}.auth.place"),
        (
            {
                "auth": {
                    "type": "client_credentials",
                    "token_url": "ftp://a.example",
                    "client_id": "a",
                    "client_secret": CANARY,
                }
            },
            f"{AT}.auth.token_url",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_by_name(http, fields: dict[str, Any], param: str, url):
    refused = http.post("/v1/agents", json={"model": "local/m", "tools": [tool(url, **fields)]})
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (400, param), error
    assert CANARY not in refused.text


def test_all_tools_together_keep_within_bounds(http, url):
    for other, param in ((tool(url, spec=MANY, name="b"), "tools"), (tool(url), "tools[1].openapi.name")):
        refused = http.post("/v1/agents", json={"model": "local/m", "tools": [tool(url, spec=MANY), other]})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_an_assistant_shows_the_tools_its_api_knows_and_keeps_the_others(http, upstream, asked, url):
    function = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    agent = made(http, tool(url, auth=BEARER))
    assert http.get(f"/v1/assistants/{agent}").json()["tools"] == []
    changed = http.post(f"/v1/assistants/{agent}", json={"tools": [function]}).json()
    assert [each["type"] for each in changed["tools"]] == ["function"]
    calls(upstream, "It is 2.")
    thread = {"messages": [{"role": "user", "content": "Add up"}]}
    body = {"assistant_id": agent, "thread": thread, "stream": True}
    with http.stream("POST", "/v1/threads/runs", json=body) as answer:
        assert "It is 2." in "".join(answer.iter_text())
    assert sent(asked) == [f"Bearer {CANARY}"]


def test_a_credential_is_nowhere_to_be_read(http, folder: Path, upstream, asked, url):
    agent = made(http, tool(url, auth=BEARER))
    run(http, upstream, agent)
    for path in (f"/v1/agents/{agent}", f"/v1/agents/{agent}/versions", "/v1/agents"):
        assert CANARY not in http.get(path).text
    assert not [file for file in folder.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()]
