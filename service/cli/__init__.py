"""The command line. A command's module is imported when the command is run, so that each starts fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

__all__ = ["dragoman", "main"]

COMMANDS = {
    "serve": ("service.cli.serving", "serve", "Run the service."),
    "init": ("service.cli.configuration", "init", "Write a commented configuration file."),
    "config": ("service.cli.configuration", "config", "Look at the configuration."),
    "agents": ("service.cli.agents", "agents", "Look at the agents; export and import them."),
    "actions": ("service.cli.actions", "actions", "Look at OpenAPI documents as tools."),
    "mcp": ("service.cli.mcp", "mcp", "Look at MCP servers of the configuration."),
    "chat": ("service.cli.chat", "chat", "Talk to an agent of the running service."),
    "keys": ("service.cli.keys", "keys", "Make, list, rotate and revoke API keys."),
    "users": ("service.cli.users", "users", "Add, list, change and remove users."),
    "limits": ("service.cli.limits", "limits", "Show and set the limits of a key."),
    "secrets": ("service.cli.secrets", "secrets", "Replace the key that seals credentials."),
    "balance": ("service.cli.money", "balance", "Show and raise balances."),
    "usage": ("service.cli.money", "usage", "Show what was used and what it cost."),
    "ledger": ("service.cli.ledger", "ledger", "Show a charge; compare with an invoice."),
    "doctor": ("service.cli.doctor", "doctor", "Check that the books add up."),
    "version": ("service.cli.configuration", "version", "Show the version."),
}
"""Name: (module, attribute, short help)."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, _, help) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def dragoman() -> None:
    """Dragoman: agents over every API, and money that adds up."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 it could not be done, 2 it was not understood."""
    try:
        dragoman.main(None if arguments is None else list(arguments), "dragoman", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
