"""`dragoman agents export`, `dragoman agents import FILE`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    on_new_store,
    on_store,
    print_json,
    print_table,
    read_store_settings,
)
from specs.agents import Agent

if TYPE_CHECKING:
    from service.store.agents_rules import AgentRules
    from service.store.agents_transfer import AgentFile, Imported
    from service.store.database import Database


@click.command("export")
@click.argument("ids", nargs=-1)
@click.option("--project", default="default", show_default=True, help="Whose agents.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@config_option
@expected_failures
def export_command(ids: tuple[str, ...], project: str, output: Path | None, config: Path | None) -> None:
    """Write agents that were made over the API as JSON: those of these IDS, or all of the project."""
    file = _exported(config, project, ids)
    missing = set(ids) - {written.id for written in file.agents}
    if missing:
        fail(*(f"There is no agent {id!r} in the project {project!r}." for id in sorted(missing)))
    if output is None:
        print_json(file)
    else:
        output.write_bytes(_text(file))
        click.echo(f"{output}: {len(file.agents)} agents.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", default="default", show_default=True, help="Whose they are to be; made if absent.")
@config_option
@json_option
@expected_failures
def import_command(file: Path, project: str, config: Path | None, as_json: bool) -> None:
    """Make the agents of a file, under their own ids. Those that are there get a new version where they
    differ; exit 1 when one of them cannot be had."""
    from service.ids import new_id
    from service.store.access_records import OPERATOR
    from service.store.agents_transfer import import_agents, read_file
    from service.store.noting import noting
    from service.tools.actions.brought import remade

    content = read_file(file.read_bytes())

    async def work(database: Database) -> list[Imported]:
        owner = await database.projects.ensure(project, id=new_id("proj"), now=int(time.time()))
        rules = _rules(config, database)
        return await import_agents(
            database.agents,
            owner,
            content,
            rules=rules,
            remake=remade,
            note=noting(OPERATOR, project=owner.id),
            by="import",
        )

    outcomes = on_new_store(config, work)
    if as_json:
        print_json(outcomes)
    else:
        rows = [(each.id, each.outcome, each.reason) for each in outcomes]
        print_table(("ID", "OUTCOME", "REASON"), rows, empty="The file has no agents.")
    if any(each.outcome == "refused" for each in outcomes):
        raise SystemExit(1)


def stored_agents(config: Path | None, project: str) -> list[Agent]:
    """The agents a project made over the API."""
    import msgspec
    from msgspec import structs

    return [
        structs.replace(msgspec.json.decode(written.agent, type=Agent), projects=(project,))
        for written in _exported(config, project).agents
    ]


def _exported(config: Path | None, project: str, ids: tuple[str, ...] = ()) -> AgentFile:
    from service.store.agents_transfer import export_agents

    async def find(database: Database) -> AgentFile | None:
        found = await database.projects.named(project)
        return None if found is None else await export_agents(database.agents, found, ids)

    file = on_store(config, find)
    return fail(f"There is no project {project!r}.") if file is None else file


def _rules(config: Path | None, database: Database) -> AgentRules:
    """What this configuration allows; whether a model has a price is seen when it is run."""
    from service.store.agents import Agents
    from service.store.agents_rules import AgentRules

    settings = read_store_settings(config)
    agents = Agents(
        settings.agents,
        settings.models,
        providers=[provider.name for provider in settings.providers],
        directory=settings.directory,
        store=database.agents,
    )
    shared = [spec.name for spec in settings.mcp if spec.shared]
    return AgentRules(agents, runnable=lambda _: True, connectors=lambda: shared)


def _text(file: AgentFile) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"
