"""`dragoman actions check FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    print_json,
    print_table,
    read_store_settings,
)

if TYPE_CHECKING:
    from specs.openai.actions import ActionValidation


@click.group()
def actions() -> None:
    """Look at OpenAPI documents as tools."""


@actions.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--server", help="Where its operations are, instead of where the document says.")
@config_option
@json_option
@expected_failures
def check_action(file: Path, server: str | None, config: Path | None, as_json: bool) -> None:
    """Show the tools a document would make, what is rewritten or left out, and which hosts would be called;
    exit 1 when it cannot be used."""
    from service.tools.actions.operations import report_of
    from service.tools.actions.shown import to_validation
    from specs.actions import ActionSpec

    report = report_of(ActionSpec(file.stem, file.read_bytes(), server))
    shown = to_validation(report, read_store_settings(config).addresses)
    if as_json:
        print_json(msgspec.to_builtins(shown))
    else:
        _print(shown)
    if not shown.valid:
        if not as_json:
            fail(*(f"{file}: {problem}" for problem in shown.problems))
        raise SystemExit(1)


def _print(shown: ActionValidation) -> None:
    rows = [(tool.name, tool.method, tool.path, "yes" if tool.strict else "no") for tool in shown.tools]
    if rows:
        print_table(("TOOL", "METHOD", "PATH", "STRICT"), rows, empty="")
    for host in shown.hosts:
        click.echo(f"Calls {host.host}{'' if host.allowed else ', which the address policy refuses'}.")
    for each in shown.rewritten:
        click.echo(f"{each.tool}: {'not strict: ' if each.refused else ''}{each.change}")
    for each in shown.left_out:
        click.echo(f"Left out: {each}")
