"""`dragoman keys create`, `list` and `revoke`."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from msgspec import Struct

from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    moment,
    on_new_store,
    on_store,
    print_json,
    print_table,
)
from service.ids import new_id
from service.store.database import Database
from service.store.keys import mint, mint_admin
from service.store.records import KeyRecord, NewKey
from specs.money import format_usd, parse_usd
from specs.scopes import ADMIN, DATA_SCOPES, SCOPES

_SPAN = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Amount(click.ParamType):
    """Dollars as a decimal string; nano-dollars inside."""

    name = "usd"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the dollars."""
        try:
            return parse_usd(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Expiry(click.ParamType):
    """`30d`, `12h` or a date; Unix seconds inside."""

    name = "when"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read when it is."""
        try:
            expires = read_expiry(value, now=datetime.now(UTC))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no span (30d, 12h) and no date (2026-12-31)", param, ctx)
        if expires <= time.time():
            self.fail(f"{value!r} is in the past", param, ctx)
        return expires


def read_expiry(text: str, *, now: datetime) -> int:
    """The moment a span or date means; a bare date is good to its end, in UTC. Raises ValueError."""
    if span := _SPAN.fullmatch(text.strip()):
        return int((now + timedelta(**{_UNITS[span[2]]: int(span[1])})).timestamp())
    when = datetime.fromisoformat(text.strip())
    if len(text.strip()) <= len("2026-12-31"):
        when += timedelta(days=1)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


class Wanted(Struct, frozen=True):
    """A key as it was asked for."""

    name: str
    project: str
    granted: int
    unlimited: bool
    scopes: tuple[str, ...]
    agents: tuple[str, ...] | None
    expires_at: int | None


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@click.option("--name", required=True, help="What the key is for.")
@click.option("--project", default="default", show_default=True, help="Its project; made if absent.")
@click.option("--balance", type=Amount(), metavar="USD", help="What it can spend (default: 0).")
@click.option("--unlimited", is_flag=True, help="It can spend without limit.")
@click.option("--scopes", metavar="A,B", help="What it may do (default: every data scope).")
@click.option("--agents", metavar="A,B", help="The agents it may use (default: all).")
@click.option("--expires", type=Expiry(), metavar="WHEN", help="30d, 12h or 2026-12-31 (default: never).")
@config_option
@json_option
@expected_failures
def create(
    name: str,
    project: str,
    balance: int | None,
    unlimited: bool,
    scopes: str | None,
    agents: str | None,
    expires: int | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Make a key and show it, this once."""
    if unlimited and balance is not None:
        raise click.UsageError("--balance and --unlimited exclude each other")
    if balance is not None and balance < 0:
        raise click.BadParameter("must not be negative", param_hint="--balance")
    wanted = Wanted(
        name=_named("--name", name),
        project=_named("--project", project),
        granted=balance or 0,
        unlimited=unlimited,
        scopes=_scopes(scopes),
        agents=_split(agents) if agents is not None else None,
        expires_at=expires,
    )
    record, secret = on_new_store(config, lambda database: make_key(database, wanted))
    if as_json:
        print_json({"id": record.id, "key": secret, **_shown(record), **_money(wanted)})
    else:
        _tell(record, secret, wanted)


async def make_key(database: Database, wanted: Wanted) -> tuple[KeyRecord, str]:
    """Make the key, its account and, where absent, its project; returns it with its secret."""
    now = int(time.time())
    project = await database.projects.ensure(wanted.project, id=new_id("proj"), now=now)
    minted = mint_admin() if ADMIN in wanted.scopes else mint()
    key = NewKey(
        id=new_id("key"),
        project=project.id,
        name=wanted.name,
        digest=minted.digest,
        prefix=minted.prefix,
        last_four=minted.last_four,
        scopes=wanted.scopes,
        account=new_id("acct"),
        created_at=now,
        agents=wanted.agents,
        expires_at=wanted.expires_at,
    )
    record = await database.keys.create(key, granted=wanted.granted, unlimited=wanted.unlimited)
    return record, minted.secret.reveal()


@keys.command("list")
@click.option("--project", help="Only the keys of this project.")
@config_option
@json_option
@expected_failures
def list_keys(project: str | None, config: Path | None, as_json: bool) -> None:
    """List the keys; of their secrets only the ends are known."""

    async def find(database: Database) -> list[KeyRecord]:
        return [key for key in await database.keys.list() if project in (None, key.project_name)]

    found = on_store(config, find)
    if as_json:
        print_json([{"id": key.id, **_shown(key)} for key in found])
        return
    heads = ("ID", "NAME", "KEY", "PROJECT", "SCOPES", "AGENTS", "EXPIRES", "STATE")
    rows = [
        (
            key.id,
            key.name,
            f"{key.prefix}…{key.last_four}",
            key.project_name,
            key.scopes,
            key.agents or "all",
            moment(key.expires_at),
            _state(key),
        )
        for key in found
    ]
    print_table(heads, rows, empty="There are no keys.")


@keys.command()
@click.argument("key_id")
@config_option
@json_option
@expected_failures
def revoke(key_id: str, config: Path | None, as_json: bool) -> None:
    """Revoke a key for good."""
    revoked = on_store(config, lambda database: database.keys.revoke(key_id, now=int(time.time())))
    if not revoked:
        fail(f"There is no key {key_id!r} to revoke. `dragoman keys list` shows them.")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        click.echo(f"Revoked {key_id}.")


def _scopes(text: str | None) -> tuple[str, ...]:
    if text is None:
        return DATA_SCOPES
    asked = _split(text)
    strangers = [scope for scope in asked if scope not in SCOPES]
    if strangers or not asked:
        what = f"unknown scope {strangers[0]!r}" if strangers else "name at least one scope"
        raise click.BadParameter(f"{what}; allowed: {', '.join(SCOPES)}", param_hint="--scopes")
    return asked


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _named(option: str, text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 128:
        raise click.BadParameter("must be 1 to 128 printable characters", param_hint=option)
    return text.strip()


def _state(key: KeyRecord) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "valid" if key.valid(time.time()) else "expired"


def _shown(key: KeyRecord) -> dict[str, object]:
    return {
        "name": key.name,
        "project": key.project_name,
        "prefix": key.prefix,
        "last_four": key.last_four,
        "scopes": key.scopes,
        "agents": key.agents,
        "account_id": key.account,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "state": _state(key),
    }


def _money(wanted: Wanted) -> dict[str, object]:
    return {
        "balance": None if wanted.unlimited else format_usd(wanted.granted),
        "unlimited": wanted.unlimited,
    }


def _tell(record: KeyRecord, secret: str, wanted: Wanted) -> None:
    click.echo(f"Key {record.id} of project {record.project_name}; it is shown this once:\n\n  {secret}\n")
    if wanted.unlimited:
        click.echo("It can spend without limit.")
    elif wanted.granted:
        click.echo(f"Its balance is ${format_usd(wanted.granted)}.")
    else:
        click.echo(
            f"Its balance is $0.00, so it can only use what is free: dragoman balance add {record.id} 10"
        )
    if wanted.expires_at is not None:
        click.echo(f"It expires {moment(wanted.expires_at)}.")
