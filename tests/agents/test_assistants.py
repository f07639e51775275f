"""Assistants are agents by another API; the official SDK is the judge."""

from __future__ import annotations

import httpx
import openai
import pytest
from openai import OpenAI
from openai.types.beta.assistant_tool_param import AssistantToolParam

from tests.agents.conftest import MODEL, SCOPES
from tests.support.house import Service
from tests.support.script import Script
from tests.support.upstream import Upstream

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
TOOLS: list[AssistantToolParam] = [
    {"type": "code_interpreter"},
    {
        "type": "function",
        "function": {"name": "get_weather", "parameters": {"type": "object"}, "strict": True},
    },
    {"type": "file_search", "file_search": {"max_num_results": 7}},
]
PLAIN = {
    "name": None,
    "description": None,
    "instructions": None,
    "tools": [],
    "tool_resources": None,
    "metadata": {},
    "temperature": 1.0,
    "top_p": 1.0,
    "reasoning_effort": None,
    "response_format": "auto",
}


def test_an_assistant_is_made_shown_changed_listed_and_deleted(client: OpenAI):
    assistants = client.beta.assistants
    made = assistants.create(
        model=MODEL,
        name="Tutor",
        description="Teaches.",
        instructions="Be patient.",
        tools=TOOLS,
        metadata={"a": "b"},
        temperature=0.4,
        top_p=0.5,
        reasoning_effort="low",
        response_format={"type": "json_object"},
    )
    assert made.id.startswith("asst_")
    assert (made.object, made.model, made.name) == ("assistant", MODEL, "Tutor")
    assert (made.description, made.instructions) == ("Teaches.", "Be patient.")
    assert (made.temperature, made.top_p, made.metadata) == (0.4, 0.5, {"a": "b"})
    assert made.response_format is not None
    assert [tool.type for tool in made.tools] == ["code_interpreter", "function", "file_search"]
    assert assistants.retrieve(made.id) == made

    changed = assistants.update(made.id, name="Coach", tools=[], metadata={})
    assert (changed.name, changed.tools, changed.metadata) == ("Coach", [], {})
    assert changed.instructions == "Be patient."
    assert made.id in [assistant.id for assistant in assistants.list()]
    gone = assistants.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "assistant.deleted", True)
    with pytest.raises(openai.NotFoundError, match=f"No assistant found with id '{made.id}'"):
        assistants.retrieve(made.id)


def test_a_plain_one_states_the_defaults_and_null_goes_back_to_them(http: httpx.Client):
    plain = http.post("/v1/assistants", json={"model": MODEL}).json()
    assert {name: plain[name] for name in PLAIN} == PLAIN
    full = {"name": "x", "temperature": 0, "top_p": 0, "tools": TOOLS, "response_format": {"type": "text"}}
    http.post(f"/v1/assistants/{plain['id']}", json=full)
    cleared = http.post(f"/v1/assistants/{plain['id']}", json=dict.fromkeys(PLAIN)).json()
    assert {name: cleared[name] for name in PLAIN} == PLAIN


def test_the_same_object_goes_by_either_api_and_runs_by_either_id(client: OpenAI, upstream: Upstream):
    assistant = client.beta.assistants.create(model=MODEL, instructions="One.")
    agent = client.beta.agents.update(assistant.id, instructions="Two.")
    assert agent.id == assistant.id
    assert client.beta.assistants.retrieve(agent.id).instructions == "Two."
    made = client.beta.agents.create(model=MODEL, instructions="Two.")
    assert client.beta.assistants.retrieve(made.id).instructions == "Two."
    for id in (assistant.id, made.id):
        upstream.enqueue(Script(text=("Hello",)))
        assert client.responses.create(model=id, input="Hi").output_text == "Hello"
        assert upstream.exchanges[-1].body["messages"][0]["content"] == "Two."


def test_pages_go_both_ways(client: OpenAI):
    made = [client.beta.assistants.create(model=MODEL).id for _ in range(5)]

    def page(**query: object) -> tuple[list[str], bool | None]:
        found = client.beta.assistants.list(**query)  # pyright: ignore[reportArgumentType]
        return [assistant.id for assistant in found.data], found.has_more

    assert page(limit=2) == (made[:2:-1], True)
    assert page(limit=2, after=made[3]) == (made[2:0:-1], True)
    assert page(limit=2, before=made[0]) == (made[2:0:-1], True)
    assert page(limit=2, before=made[3]) == ([made[4]], False)
    assert page(limit=2, order="asc", after=made[1]) == (made[2:4], True)
    assert page(limit=2, order="asc", before=made[3])[0] == made[1:3]
    assert page(limit=9, after=made[4], before=made[0])[0] == made[3:0:-1]


@pytest.mark.parametrize("name", ["after", "before"])
def test_a_page_from_nowhere_is_refused(http: httpx.Client, name: str):
    refused = http.get("/v1/assistants", params={name: "asst_none"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, name)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": "gpt-nonsense"}, "model"),
        ({"name": "x" * 257}, "name"),
        ({"description": "x" * 513}, "description"),
        ({"instructions": "x" * 256_001}, "instructions"),
        ({"temperature": 3}, "temperature"),
        ({"metadata": {"k" * 65: ""}}, "metadata"),
        ({"tools": [{"type": "retrieval"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_had_is_refused_by_name(http: httpx.Client, fields: dict, param: str):
    refused = http.post("/v1/assistants", json={"model": MODEL, **fields})
    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert param.partition("[")[0] in error["message"]


def test_the_first_version_is_refused_and_none_is_the_second(http: httpx.Client):
    refused = http.get("/v1/assistants", headers={"OpenAI-Beta": "assistants=v1"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_beta")
    assert http.get("/v1/assistants").status_code == 200


def test_a_key_for_assistants_alone_changes_no_other_agents(service: Service, http, project):
    agent = http.post("/v1/agents", json={"model": MODEL}).json()["id"]
    assistant = http.post("/v1/assistants", json={"model": MODEL}).json()["id"]
    tutor = service.key(project=project, scopes=("assistants",))
    with httpx.Client(base_url=service.base_url, headers=tutor.headers) as client:
        assert client.post(f"/v1/assistants/{assistant}", json={"name": "x"}).status_code == 200
        assert client.post(f"/v1/assistants/{agent}", json={"name": "x"}).status_code == 403
        assert client.delete(f"/v1/assistants/{agent}").status_code == 403
        assert client.get(f"/v1/assistants/{agent}").status_code == 200


def test_an_agent_of_the_configuration_is_an_assistant_too(http: httpx.Client):
    assert http.get("/v1/assistants/agent_drain").json()["model"] == MODEL
    assert http.post("/v1/assistants/agent_drain", json={"name": "x"}).status_code == 403


def test_another_projects_sees_a_public_one_from_outside(service: Service, http, stranger):
    assert "agents.write" in SCOPES
    made = http.post("/v1/agents", json={"model": MODEL, "instructions": "Secret.", "metadata": {"a": "b"}})
    id = made.json()["id"]
    assert stranger.get(f"/v1/assistants/{id}").status_code == 404
    http.post(f"/v1/agents/{id}", json={"sharing": {"visibility": "public"}})
    seen = stranger.get(f"/v1/assistants/{id}").json()
    assert (seen["instructions"], seen["metadata"]) == (None, {})
