"""Agents as the operator writes them: [[agents]] rows and agents/*.md files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from service.settings.problems import Problems
from service.settings.rows import AgentRow
from service.settings.shapes import Json, Reader
from specs.agents import Agent, AgentTool, Limits
from specs.money import usd_to_nano
from specs.secret import Secret
from specs.tools import McpServer, WebSearch

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)(.*)", re.DOTALL | re.MULTILINE)


def read_folder(folder: Path, problems: Problems) -> list[tuple[str, AgentRow, int]]:
    """Read every agents/*.md of this folder as (where, row, modification time)."""
    return [
        (str(file), row, int(file.stat().st_mtime))
        for file in sorted(folder.glob("*.md"))
        if (row := read_file(file, problems)) is not None
    ]


def read_file(file: Path, problems: Problems) -> AgentRow | None:
    """Read one agent file; None when it is not usable, which has then been noted."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(str(file), "", f"cannot be read ({error})")
        return None
    found = _FRONT_MATTER.fullmatch(text)
    if found is None:
        problems.add(str(file), "", "must begin with front matter between two lines of ---")
        return None
    table = _read_yaml(found[1], str(file), problems)
    if table is None:
        return None
    body = found[2].strip()
    if body and "instructions" in table:
        problems.add(str(file), "instructions", "stand in the front matter and in the body; keep one")
    named = {"id": _id_of(file), **({"instructions": body} if body else {}), **table}
    reader = Reader(problems, where=lambda _: str(file), secret=_no_secret)
    return reader.struct(named, AgentRow, "")  # pyright: ignore[reportReturnType]


def to_agent(row: AgentRow, *, created_at: int) -> Agent:
    """The agent that a row describes. Raises ValueError when an amount is no money."""
    cost = row.limits.max_cost_usd
    models = (row.model,) if isinstance(row.model, str) else row.model
    return Agent(
        id=row.id or "",
        model=models[0],
        fallbacks=models[1:],
        name=row.name,
        description=row.description,
        instructions=row.instructions,
        aliases=row.aliases,
        projects=row.projects,
        tools=_tools(row),
        actions=row.actions,
        settings=row.settings,
        limits=Limits(
            max_output_tokens=row.limits.max_output_tokens,
            max_cost=None if cost is None else usd_to_nano(cost),
            max_steps=row.limits.max_steps,
            max_tool_calls=row.limits.max_tool_calls,
            max_seconds=row.limits.max_seconds,
        ),
        overrides=row.overrides,
        on_disconnect=row.on_disconnect,
        created_at=created_at,
    )


def _tools(row: AgentRow) -> tuple[AgentTool, ...]:
    """The tools a row names, each in a field of its own."""
    servers = (McpServer(name, connector=name) for name in dict.fromkeys(row.mcp))
    search = WebSearch() if row.web_search is True else row.web_search
    return (*row.tools, *servers, *((search,) if search else ()))


def check_id(name: str) -> str | None:
    """Say why this cannot be an agent's id or alias; None when it can."""
    if _ID.fullmatch(name):
        return None
    return (
        f"{name!r} must be 1 to 128 letters, digits and any of . _ : / @ -, beginning with a letter or digit"
    )


def check_names(agents: Iterable[Agent], note: Callable[[Agent, str, str], object]) -> None:
    """Note (agent, field, what) for every id or alias that two agents of one project answer to."""
    taken: dict[str, list[Agent]] = {}
    for agent in agents:
        for name in dict.fromkeys((agent.id, *agent.aliases)):
            others = [other for other in taken.get(name, []) if _share_a_project(agent, other)]
            if others:
                field = "id" if name == agent.id else "aliases"
                note(agent, field, f"{name!r} is also a name of the agent {others[0].id!r}")
            taken.setdefault(name, []).append(agent)


def _share_a_project(one: Agent, other: Agent) -> bool:
    if one.projects is None or other.projects is None:
        return True
    return not set(one.projects).isdisjoint(other.projects)


def _id_of(file: Path) -> str:
    return file.stem if file.stem.startswith(("agent_", "asst_")) else f"agent_{file.stem}"


def _no_secret(_: str) -> Secret:
    raise ValueError("an agent holds no secrets")


def _read_yaml(text: str, where: str, problems: Problems) -> dict[str, Json] | None:
    import yaml  # only installations with agent files pay for it

    class Loader(yaml.SafeLoader):
        """Reads numbers with a fraction exactly."""

    def construct_decimal(loader: yaml.SafeLoader, node: yaml.Node) -> Decimal:
        assert isinstance(node, yaml.ScalarNode)
        return _decimal(str(loader.construct_scalar(node)))

    Loader.add_constructor("tag:yaml.org,2002:float", construct_decimal)
    try:
        table = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        problems.add(where, "", f"the front matter is not valid YAML: {' '.join(str(error).split())}")
        return None
    if not isinstance(table, dict) or not all(isinstance(key, str) for key in table):
        problems.add(where, "", "the front matter must be a table of names and values")
        return None
    return table


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
