"""`dragoman agents list`, `check FILE`, `export` and `import FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.agents_transfer import export_command, import_command, stored_agents
from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    print_json,
    print_table,
    read_store_settings,
)
from specs.agents import Agent


@click.group()
def agents() -> None:
    """Look at the agents, and carry them from one database to another."""


agents.add_command(export_command)
agents.add_command(import_command)


@agents.command("list")
@click.option("--project", help="Also those this project made over the API.")
@config_option
@json_option
@expected_failures
def list_agents(project: str | None, config: Path | None, as_json: bool) -> None:
    """List the agents of the configuration."""
    found = [*read_store_settings(config).agents, *(stored_agents(config, project) if project else ())]
    if as_json:
        print_json([_shown(agent) for agent in found])
    else:
        rows = [
            (agent.id, agent.model, agent.name, agent.aliases, agent.projects or "every one")
            for agent in found
        ]
        print_table(("ID", "MODEL", "NAME", "ALIASES", "PROJECTS"), rows, empty="There are no agents.")


@agents.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@json_option
@expected_failures
def check_agent(file: Path, config: Path | None, as_json: bool) -> None:
    """Check an agent file (Markdown with front matter) against the configuration; exit 1 when it is wrong."""
    from service.settings.catalog import check_file

    agent, problems = check_file(file, read_store_settings(config))
    if as_json:
        shown = _shown(agent) if agent else None
        print_json({"ok": not problems, "problems": list(problems), "agent": shown})
    elif not problems and agent is not None:
        click.echo(f"{file}: all right. {agent.id} on {agent.model}.")
    if problems:
        if not as_json:
            fail(*problems)
        raise SystemExit(1)


def _shown(agent: Agent) -> dict[str, object]:
    return {
        "id": agent.id,
        "model": agent.model,
        "name": agent.name,
        "description": agent.description,
        "aliases": agent.aliases,
        "projects": agent.projects,
        "overrides": agent.overrides,
    }
