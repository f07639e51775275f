"""`dragoman init`, `dragoman config check`, `dragoman version`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service import VERSION
from service.cli.common import config_option, expected_failures, fail, json_option, print_json, read_settings

if TYPE_CHECKING:
    from service.settings import Settings


@click.command()
@config_option
@expected_failures
def init(config: Path | None) -> None:
    """Write a commented configuration file (./dragoman.toml unless --config says otherwise)."""
    from service.settings.template import TEMPLATE

    path = config or Path(os.environ.get("DRAGOMAN_CONFIG") or "dragoman.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.read_text(encoding="utf-8"))
    except FileExistsError:
        fail(f"{path} exists already; it was left as it is.")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")
    click.echo(f"Wrote {path}. `dragoman config check` tells whether it is right; `dragoman serve` runs it.")


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command()
@config_option
@json_option
@expected_failures
def check(config: Path | None, as_json: bool) -> None:
    """Check the configuration and that every model has a price; exit 1 when something is wrong."""
    from service.settings import SettingsError
    from service.tools.actions.configured import actions_of
    from service.tools.web_search.configured import check_search

    try:
        settings = read_settings(config)
        actions_of(settings)
        check_search(settings)
        problems = missing(settings)
    except SettingsError as error:
        settings, problems = None, list(error.problems)
    if as_json:
        print_json(_report(settings, problems))
    elif settings is not None and not problems:
        click.echo(_summary(settings))
    if problems:
        if not as_json:
            fail(*problems)
        raise SystemExit(1)


def missing(settings: Settings) -> list[str]:
    """The models without a price. Compiles the public table where it is needed."""
    from tempfile import TemporaryDirectory

    from providers.prices import ensure_table
    from service.settings.prices import missing_prices, needs_table

    if not needs_table(settings):
        return []
    folder = settings.data_folder
    if folder.is_dir():
        return missing_prices(settings, ensure_table(folder))
    with TemporaryDirectory() as temporary:
        return missing_prices(settings, ensure_table(Path(temporary)))


def _report(settings: Settings | None, problems: list[str]) -> dict[str, object]:
    return {
        "ok": not problems,
        "file": str(settings.file) if settings and settings.file else None,
        "problems": problems,
        "providers": [spec.name for spec in settings.providers] if settings else [],
        "agents": [agent.id for agent in settings.agents] if settings else [],
    }


def _summary(settings: Settings) -> str:
    where = settings.file or "No configuration file; the defaults"
    providers = ", ".join(spec.name for spec in settings.providers)
    return f"{where}: all right. Agents: {len(settings.agents)}; providers: {providers}."


@click.command()
@config_option
@json_option
def version(config: Path | None, as_json: bool) -> None:
    """Show the version."""
    if as_json:
        print_json({"version": VERSION})
    else:
        click.echo(f"dragoman {VERSION}")
