"""What is really asked: caller, agent and policy together."""

from __future__ import annotations

import pytest

from service.engine.resolve import resolve
from specs.agents import Agent, Limits
from specs.errors import InvalidRequest
from specs.requests import CacheMark, FunctionTool, RunRequest, Settings, ToolChoice


def asked(**fields) -> RunRequest:
    return RunRequest("agent_x", (), **fields)


def test_the_agents_settings_fill_what_the_caller_left_out():
    agent = Agent("agent_x", "p/m", settings=Settings(temperature=0.2, seed=7))
    merged = resolve(asked(settings=Settings(temperature=1.0)), agent).settings
    assert (merged.temperature, merged.seed) == (1.0, 7)


def test_a_cap_above_the_ceiling_is_lowered_and_told():
    agent = Agent("agent_x", "p/m", limits=Limits(max_output_tokens=100))
    resolved = resolve(asked(settings=Settings(max_output_tokens=500)), agent)
    assert resolved.settings.max_output_tokens == 100
    assert "lowered from 500" in resolved.warnings[0]


def test_the_ceiling_is_the_cap_where_nobody_gave_one():
    agent = Agent("agent_x", "p/m", limits=Limits(max_output_tokens=100))
    assert resolve(asked(), agent).settings.max_output_tokens == 100


def test_a_cap_under_the_ceiling_stands():
    agent = Agent("agent_x", "p/m", limits=Limits(max_output_tokens=100))
    assert resolve(asked(settings=Settings(max_output_tokens=50)), agent).settings.max_output_tokens == 50


def test_a_setting_the_agent_keeps_to_itself_stays_and_is_told():
    agent = Agent("agent_x", "p/m", settings=Settings(temperature=0.2), overrides=())
    resolved = resolve(asked(settings=Settings(temperature=1.0)), agent)
    assert resolved.settings.temperature == 0.2
    assert resolved.warnings == ("temperature: this agent does not let callers change it",)


def test_the_callers_instructions_come_after_the_agents():
    agent = Agent("agent_x", "p/m", instructions="Be brief.")
    assert resolve(asked(instructions="In French."), agent).instructions == "Be brief.\n\nIn French."


@pytest.mark.parametrize("field", ["instructions", "tools"])
def test_what_may_not_be_added_is_left_out_and_told(field):
    agent = Agent("agent_x", "p/m", overrides=())
    value = "More." if field == "instructions" else (FunctionTool("f"),)
    resolved = resolve(asked(**{field: value}), agent)
    assert not getattr(resolved, field)
    assert resolved.warnings[0].startswith(f"{field}:")


def test_two_tools_of_one_name_are_refused_by_position():
    agent = Agent("agent_x", "p/m", tools=(FunctionTool("f"),))
    with pytest.raises(InvalidRequest) as caught:
        resolve(asked(tools=(FunctionTool("g"), FunctionTool("f"))), agent)
    assert caught.value.param == "tools[1].name"


NAMED = ToolChoice("required", name="clock", params=("tool_choice.name",))
ALLOWED = ToolChoice(
    allowed=("clock", "odd"), params=("tool_choice.tools[0].name", "tool_choice.tools[1].name")
)


@pytest.mark.parametrize("agent_tools", [True, False], ids=["the agent's", "the request's"])
def test_a_choice_may_name_a_tool_of_either(agent_tools):
    agent = Agent("agent_x", "p/m", tools=(FunctionTool("clock"),) if agent_tools else ())
    own = () if agent_tools else (FunctionTool("clock"),)
    assert resolve(asked(tools=own, tool_choice=NAMED), agent).tool_choice == NAMED


@pytest.mark.parametrize(
    ("choice", "param"), [(NAMED, "tool_choice.name"), (ALLOWED, "tool_choice.tools[0].name")]
)
def test_a_choice_of_an_unknown_tool_is_refused_where_it_stands(choice, param):
    with pytest.raises(InvalidRequest) as refused:
        resolve(asked(tools=(FunctionTool("weather"),), tool_choice=choice), Agent("agent_x", "p/m"))
    assert (refused.value.status, refused.value.param) == (400, param)


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("required", allowed=())])
def test_a_call_cannot_be_required_where_there_is_nothing_to_call(choice):
    with pytest.raises(InvalidRequest) as refused:
        resolve(asked(tool_choice=choice), Agent("agent_x", "p/m"))
    assert refused.value.param == "tool_choice"


def test_where_nothing_is_allowed_nothing_is_called():
    choice = ToolChoice(allowed=())
    assert resolve(asked(tool_choice=choice), Agent("agent_x", "p/m")).tool_choice == ToolChoice("none")


def test_without_a_choice_the_model_chooses():
    assert resolve(asked(), Agent("agent_x", "p/m")).tool_choice == ToolChoice()


def test_the_callers_cache_marks_move_behind_the_agents_instructions():
    given = asked(instructions="Now", instruction_marks=(CacheMark(3, "1h"),))
    found = resolve(given, Agent("agent_x", "p/m", instructions="Be kind."))
    assert found.instructions == "Be kind.\n\nNow"
    assert found.instruction_marks == (CacheMark(13, "1h"),)
    assert resolve(given, Agent("agent_x", "p/m")).instruction_marks == (CacheMark(3, "1h"),)


def test_marks_on_instructions_that_are_not_taken_are_dropped():
    given = asked(instructions="Now", instruction_marks=(CacheMark(3, "1h"),))
    agent = Agent("agent_x", "p/m", instructions="Be kind.", overrides=())
    assert resolve(given, agent).instruction_marks == ()
