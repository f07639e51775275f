"""What commands share: their options, how they read the settings, how they print and fail."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service.settings import Settings
    from service.store.database import Database

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")


def config_option(command: Command) -> Command:
    """`--config PATH`."""
    return click.option(
        "--config",
        "config",
        type=click.Path(path_type=Path),
        help="The configuration file (default: $DRAGOMAN_CONFIG, else ./dragoman.toml).",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def expected_failures(command: Command) -> Command:
    """Tell the failures that can be expected in a sentence each, and exit 1."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        from service.settings import SettingsError
        from specs.errors import DragomanError

        try:
            return command(*arguments, **options)
        except SettingsError as error:
            fail(*error.problems)
        except DragomanError as error:
            fail(error.message)

    return run  # pyright: ignore[reportReturnType]


def fail(*messages: str) -> NoReturn:
    """Print to stderr and exit 1."""
    for message in messages:
        click.echo(f"Error: {message}", err=True)
    raise SystemExit(1)


def read_settings(config: Path | None) -> Settings:
    """The settings with every secret in place. Raises SettingsError."""
    from service.settings import load

    return load(config, os.environ)


def read_store_settings(config: Path | None) -> Settings:
    """The settings for work on the store, which needs no provider's credential. Raises SettingsError."""
    from service.settings import load_without_secrets

    return load_without_secrets(config, os.environ)


def on_store(config: Path | None, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Run work on the store as it is. Raises SettingsError, StoreUnavailable, NotFound."""
    settings = read_store_settings(config)
    if isinstance(settings.database, Path) and not settings.database.exists():
        fail(f"There is no database at {settings.database} yet. `dragoman serve` makes it.")
    return asyncio.run(_with_store(settings, work))


def on_new_store(config: Path | None, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """The same, making the database where there is none."""
    return asyncio.run(_with_store(read_store_settings(config), work))


async def _with_store(settings: Settings, work: Callable[[Database], Awaitable[Result]]) -> Result:
    async with _open_store(settings) as database:
        return await work(database)


@asynccontextmanager
async def _open_store(settings: Settings) -> AsyncIterator[Database]:
    from service.store.database import Database
    from specs.errors import StoreUnavailable

    try:
        database = await Database.open(settings.database)
    except StoreUnavailable as error:
        if not isinstance(settings.database, Path):
            raise
        where = settings.database_name
        raise StoreUnavailable(f"The database {where} cannot be opened or is locked.") from error
    try:
        yield database
    finally:
        await database.aclose()


def print_json(value: object) -> None:
    """Print as one indented JSON document."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print columns as wide as what is in them."""
    if not rows:
        click.echo(empty)
        return
    texts = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    for row in texts:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def moment(seconds: int | None) -> str | None:
    """Unix seconds as `2026-12-31 23:59 UTC`."""
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
