"""Every agent of a configuration: written, exposed and ready ones, checked together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct, structs

from providers.kinds import READY
from service.settings.agents import check_id, check_names, read_file, to_agent
from service.settings.model import File, Settings
from service.settings.problems import Problems, unknown
from service.settings.rows import AgentRow, ProviderRow
from specs.agents import Agent

BUILT_IN_CREATED_AT = 1_767_225_600
"""What `created` says of agents no file made: 2026-01-01."""


class Note(Protocol):
    """Notes what is wrong at a path, of the configuration file unless `where` says otherwise."""

    def __call__(self, at: str, what: str, where: str | None = None) -> None: ...


class _Placed(Struct, frozen=True):
    """An agent and where it was written."""

    agent: Agent
    path: str
    where: str | None = None


def agents_of(
    rows: File,
    *,
    enabled: Mapping[str, ProviderRow],
    ready: frozenset[str],
    files: Iterable[tuple[str, AgentRow, int]],
    created_at: int,
    note: Note,
) -> tuple[Agent, ...]:
    """The agents of the configuration. What is wrong with one is noted."""
    for name, target in rows.models.items():
        _check_model(target, enabled, lambda what, name=name: note(f'models."{name}"', what))
    placed = [*_written(rows, files, created_at, note)]
    taken = {each.agent.id for each in placed}
    for each in (*_exposed(rows, enabled, created_at), *_ready(enabled, ready)):
        if each.agent.id not in taken:
            placed.append(each)
    placed = [_resolved(each, rows.models) for each in placed]
    _check(placed, enabled, note, actions=rows.actions, mcp=rows.mcp)
    return tuple(each.agent for each in placed)


def _written(
    rows: File, files: Iterable[tuple[str, AgentRow, int]], created_at: int, note: Note
) -> Iterable[_Placed]:
    described = [(f"agents[{index}]", None, row, created_at) for index, row in enumerate(rows.agents)]
    described += [("", where, row, changed) for where, row, changed in files]
    for path, where, row, created in described:
        if row.id is None:
            note(_at(path, "id"), "is required", where)
            continue
        if not row.model:
            note(_at(path, "model"), "names no model", where)
            continue
        try:
            yield _Placed(to_agent(row, created_at=created), path, where)
        except ValueError as error:
            note(_at(path, "limits.max_cost_usd"), str(error), where)


def _exposed(rows: File, enabled: Mapping[str, ProviderRow], created_at: int) -> Iterable[_Placed]:
    for name, row in rows.providers.items():
        for index, model in enumerate(row.expose if name in enabled else ()):
            agent = Agent(id=f"{name}/{model}", model=f"{name}/{model}", created_at=created_at)
            yield _Placed(agent, f"providers.{name}.expose[{index}]")


def _ready(enabled: Mapping[str, ProviderRow], ready: frozenset[str]) -> Iterable[_Placed]:
    for row in READY:
        if row.provider in ready or (row.variable is None and _is_kind(enabled, row.provider, row.kind)):
            agent = Agent(
                id=row.agent,
                model=f"{row.provider}/{row.model}",
                name=row.name,
                description=row.description,
                created_at=BUILT_IN_CREATED_AT,
            )
            yield _Placed(agent, "")


def _is_kind(enabled: Mapping[str, ProviderRow], provider: str, kind: str) -> bool:
    return provider in enabled and enabled[provider].kind == kind


def _resolved(each: _Placed, models: Mapping[str, str]) -> _Placed:
    model, *fallbacks = (models.get(name, name) for name in each.agent.models)
    agent = structs.replace(each.agent, model=model, fallbacks=tuple(fallbacks))
    return structs.replace(each, agent=agent)


def _check(
    placed: list[_Placed],
    enabled: Collection[str],
    note: Note,
    *,
    actions: Collection[str] = (),
    mcp: Collection[str] = (),
) -> None:
    for each in placed:
        for name in (each.agent.id, *each.agent.aliases):
            if (wrong := check_id(name)) is not None:
                note(_at(each.path, "id" if name == each.agent.id else "aliases"), wrong, each.where)
        for model in each.agent.models:
            _check_model(
                model, enabled, lambda what, each=each: note(_at(each.path, "model"), what, each.where)
            )
        for index, name in enumerate(each.agent.actions):
            if name not in actions:
                note(_at(each.path, f"actions[{index}]"), f"{name!r} is {unknown(name, actions)}", each.where)
        for index, name in enumerate(each.agent.connectors):
            if name not in mcp:
                note(_at(each.path, f"mcp[{index}]"), f"{name!r} is {unknown(name, mcp)}", each.where)
    at = {id(each.agent): each for each in placed}

    def note_name(agent: Agent, field: str, what: str) -> None:
        each = at[id(agent)]
        note(_at(each.path, field), what, each.where)

    check_names((each.agent for each in placed), note_name)


def _check_model(model: str, enabled: Collection[str], note: Callable[[str], object]) -> None:
    provider, slash, name = model.partition("/")
    if not slash or not name:
        note(f"{model!r} must be provider/model, or a name from [models]; providers: {_names(enabled)}")
    elif provider not in enabled:
        note(f"{model!r} names the provider {provider!r}, which is {unknown(provider, enabled)}")


def _names(enabled: Collection[str]) -> str:
    return ", ".join(sorted(enabled))


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def check_file(file: Path, settings: Settings) -> tuple[Agent | None, tuple[str, ...]]:
    """Read one agent file against a configuration that may hold it already: the agent, and what is wrong."""
    problems = Problems()
    row = read_file(file, problems)
    if row is None:
        return None, tuple(problems.found)

    def note(at: str, what: str, where: str | None = None) -> None:
        problems.add(where or str(file), at, what)

    rows = File(models=settings.models)
    written = [_resolved(each, settings.models) for each in _written(rows, [(str(file), row, 0)], 0, note)]
    mine = {each.agent.id for each in written}
    held = file.resolve().parent == (settings.folder / "agents").resolve() and file.suffix == ".md"
    others = [_Placed(agent, "") for agent in settings.agents if not (held and agent.id in mine)]
    known = [spec.name for spec in settings.actions]
    servers = [spec.name for spec in settings.mcp]
    providers = {spec.name: spec for spec in settings.providers}
    _check([*others, *written], providers, note, actions=known, mcp=servers)
    return (written[0].agent if written else None), tuple(problems.found)
