"""The official openai SDK, unchanged, makes agents, changes them and runs them."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI
from openai.types.beta.persisted_agent_tool_param import (
    PersistedAgentToolConfigParamFunction as FunctionParam,
)

from tests.agents.conftest import MODEL
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream

WEATHER: FunctionParam = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def test_an_agent_is_made_shown_changed_listed_and_deleted(client: OpenAI):
    agents = client.beta.agents
    made = agents.create(
        model=MODEL,
        name="Clerk",
        instructions="Be brief.",
        metadata={"team": "a"},
        reasoning={"effort": "low", "summary": "auto"},
        text={"verbosity": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        tools=[WEATHER],
    )
    assert made.id.startswith("agent_")
    assert (made.object, made.model, made.name, made.instructions) == ("agent", MODEL, "Clerk", "Be brief.")
    assert (made.metadata, made.reasoning.effort, made.text.verbosity) == ({"team": "a"}, "low", "low")
    assert made.text.format.type == "json_schema"
    assert made.service_tier == "auto"
    assert not made.multi_agent.enabled
    assert made.compaction is not None
    assert not made.compaction.async_
    (tool,) = made.tools
    assert tool.type == "function"
    assert (tool.name, tool.defer_loading) == ("get_weather", False)
    assert agents.retrieve(made.id) == made

    changed = agents.update(made.id, name=None, instructions="Be kind.", metadata={})
    assert (changed.name, changed.instructions, changed.metadata) == (None, "Be kind.", {})
    assert (changed.reasoning, changed.tools, changed.created_at) == (
        made.reasoning,
        made.tools,
        made.created_at,
    )
    assert agents.update(made.id, reasoning=None, tools=None, text=None).tools == []
    assert made.id in [agent.id for agent in agents.list()]

    gone = agents.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "agent.deleted", True)
    with pytest.raises(openai.NotFoundError):
        agents.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=made.id, input="Hi")


@pytest.mark.parametrize("beta", ["agents=v1", "", "assistants=v2"])
def test_the_beta_header_makes_no_difference(client: OpenAI, beta: str):
    headers = {"OpenAI-Beta": beta}
    made = client.beta.agents.create(model=MODEL, extra_headers=headers)
    assert client.beta.agents.retrieve(made.id, extra_headers=headers) == made


def test_pages_follow_one_another_in_the_order_of_creation(client: OpenAI):
    made = [client.beta.agents.create(model=MODEL, name=str(number)).id for number in range(5)]

    def listed(**query: object) -> list[str]:
        return [agent.id for agent in client.beta.agents.list(**query) if agent.id in made]  # pyright: ignore[reportArgumentType]

    assert listed(limit=2) == made[::-1]
    assert listed(limit=2, order="asc") == made
    assert listed(limit=3, after=made[3]) == made[2::-1]
    every = [agent.id for agent in client.beta.agents.list(limit=3)]
    assert len(set(every)) == len(every)
    assert "agent_drain" in every


def test_an_agent_runs_over_every_api(client: OpenAI, upstream: Upstream):
    agent = client.beta.agents.create(
        model=MODEL, instructions="Be brief.", extra_body={"temperature": 0.5, "max_output_tokens": 700}
    )
    for _ in range(2):
        upstream.enqueue(Script(text=("Hello",)))
    answer = client.responses.create(model=agent.id, input="Hi")
    assert (answer.output_text, answer.model) == ("Hello", agent.id)
    completion = client.chat.completions.create(model=agent.id, messages=[{"role": "user", "content": "Hi"}])
    assert completion.choices[0].message.content == "Hello"
    for exchange in upstream.exchanges:
        assert exchange.body["messages"][0]["content"] == "Be brief."
        assert exchange.body["temperature"] == 0.5


def test_an_agents_function_is_offered_and_the_caller_runs_it(client: OpenAI, upstream: Upstream):
    agent = client.beta.agents.create(model=MODEL, tools=[WEATHER])
    upstream.enqueue(Script(calls=(ToolCall(name="get_weather", arguments=('{"city": "Lisbon"}',)),)))
    answer = client.responses.create(model=agent.id, input="Weather?")
    (call,) = [item for item in answer.output if item.type == "function_call"]
    assert call.name == "get_weather"


def test_models_lists_it(client: OpenAI):
    agent = client.beta.agents.create(model="gpt-4-turbo", name="Mine", extra_body={"description": "x"})
    model = client.models.retrieve(agent.id)
    assert (model.id, model.owned_by) == (agent.id, "local")
    assert agent.id in [model.id for model in client.models.list()]


@pytest.mark.anyio
async def test_the_async_client_does_the_same(service, maker):
    async with openai.AsyncOpenAI(
        base_url=service.base_url + "/v1", api_key=maker.secret, max_retries=0
    ) as client:
        made = await client.beta.agents.create(model=MODEL)
        assert (await client.beta.agents.update(made.id, name="New")).name == "New"
        assert made.id in [agent.id async for agent in client.beta.agents.list(limit=2)]
        assert (await client.beta.agents.delete(made.id)).deleted
