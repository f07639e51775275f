"""`dragoman mcp check NAME`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    print_json,
    print_table,
    read_settings,
)

if TYPE_CHECKING:
    from service.settings import Settings
    from service.tools.mcp.shown import Shown


@click.group()
def mcp() -> None:
    """Look at MCP servers of the configuration."""


@mcp.command("check")
@click.argument("name")
@config_option
@json_option
@expected_failures
def check_server(name: str, config: Path | None, as_json: bool) -> None:
    """Connect to a server and show the tools that agents would have; exit 1 when it cannot be asked."""
    from service.settings.problems import unknown

    settings = read_settings(config)
    names = [spec.name for spec in settings.mcp]
    if name not in names:
        fail(f"mcp.{name}: {unknown(name, names)}" if names else "The configuration has no [mcp.NAME].")
    shown = asyncio.run(_ask(settings, name))
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(shown))
    else:
        _print(shown)
    if shown.error is not None:
        if not as_json:
            fail(f"mcp.{name}: {shown.error}")
        raise SystemExit(1)


async def _ask(settings: Settings, name: str) -> Shown:
    from service.egress import Door
    from service.secrets import Sealer
    from service.tools.mcp.servers import McpServers
    from service.tools.mcp.shown import to_shown

    async with Door(settings.addresses) as door:
        servers = McpServers(door, Sealer(settings.secret_key_file))
        try:
            servers.take(settings)
            return await to_shown(servers.alone(name), name)
        finally:
            await servers.aclose()


def _print(shown: Shown) -> None:
    rows = [
        (tool.name, tool.called, "yes" if tool.read_only else "no", "yes" if tool.asks else "no")
        for tool in shown.tools
    ]
    if rows:
        print_table(("TOOL", "MODELS CALL IT", "READ-ONLY", "ASKS"), rows, empty="")
    elif shown.error is None:
        click.echo("It offers no tools, or none that are allowed.")
    for each in shown.left_out:
        click.echo(f"Left out: {each}")
