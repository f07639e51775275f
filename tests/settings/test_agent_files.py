"""Agents in files of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import SettingsError, load
from service.settings.catalog import check_file
from specs.agents import Agent

SUPPORT = """---
model: demo/demo-1
name: Support
aliases: [gpt-4o-mini]
settings:
  temperature: 0.2
limits:
  max_cost_usd: 0.10
---
Be brief.

Be kind.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agents").mkdir()
    (tmp_path / "dragoman.toml").write_text("")
    return tmp_path


def agents_of(folder: Path) -> dict[str, Agent]:
    return {agent.id: agent for agent in load(folder / "dragoman.toml", {}).agents}


def problem(folder: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder / "dragoman.toml", {})
    return str(caught.value)


def test_a_file_is_an_agent_and_its_body_the_instructions(folder: Path) -> None:
    (folder / "agents/support.md").write_text(SUPPORT)
    agent = agents_of(folder)["agent_support"]
    assert agent.instructions == "Be brief.\n\nBe kind."
    assert (agent.name, agent.aliases) == ("Support", ("gpt-4o-mini",))
    assert (agent.settings.temperature, agent.limits.max_cost) == (0.2, 100_000_000)
    assert agent.created_at > 0


def test_the_front_matter_may_name_the_id(folder: Path) -> None:
    (folder / "agents/x.md").write_text("---\r\nid: asst_x\r\nmodel: demo/x\r\n---\r\nHello")
    assert agents_of(folder)["asst_x"].instructions == "Hello"


def test_a_file_without_a_body_has_no_instructions(folder: Path) -> None:
    (folder / "agents/x.md").write_text("---\nmodel: demo/x\n---")
    assert agents_of(folder)["agent_x"].instructions is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hello", "must begin with front matter between two lines of ---"),
        ("---\nmodel: [\n---\n", "the front matter is not valid YAML"),
        ("---\n- a\n---\n", "the front matter must be a table of names and values"),
        ("---\nmodl: demo/x\n---\n", "modl: unknown; did you mean 'model'?"),
        ("---\nmodel: demo/x\nlimits: {max_cost_usd: .inf}\n---\n", "must be a finite number"),
        ("---\nmodel: dmo/x\n---\n", "model: 'dmo/x' names the provider 'dmo'"),
        ("---\nmodel: !!python/object/apply:os.getcwd []\n---\n", "the front matter is not valid YAML"),
        (
            "---\nmodel: demo/x\ninstructions: a\n---\nb",
            "stand in the front matter and in the body",
        ),
    ],
)
def test_a_fault_names_the_file(folder: Path, text: str, told: str) -> None:
    (folder / "agents/x.md").write_text(text)
    assert str(folder / "agents/x.md") in problem(folder)
    assert told in problem(folder)


def test_a_file_can_be_checked_before_it_is_put_in_place(folder: Path) -> None:
    settings = load(folder / "dragoman.toml", {})
    draft = folder / "support.md"
    draft.write_text(SUPPORT)
    agent, problems = check_file(draft, settings)
    assert agent is not None
    assert (agent.id, problems) == ("agent_support", ())


def test_a_file_in_place_does_not_clash_with_itself(folder: Path) -> None:
    file = folder / "agents/support.md"
    file.write_text(SUPPORT)
    assert check_file(file, load(folder / "dragoman.toml", {}))[1] == ()


def test_a_draft_that_takes_a_name_is_told(folder: Path) -> None:
    (folder / "agents/support.md").write_text(SUPPORT)
    draft = folder / "other.md"
    draft.write_text(SUPPORT)
    _, problems = check_file(draft, load(folder / "dragoman.toml", {}))
    assert problems == (f"{draft}: aliases: 'gpt-4o-mini' is also a name of the agent 'agent_support'",)
