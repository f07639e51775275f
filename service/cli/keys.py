"""`dragoman keys`, and how one is made."""

from __future__ import annotations

import time
from pathlib import Path

import click
from msgspec import Struct

from service.cli.changes import change
from service.cli.common import (
    config_option,
    expected_failures,
    json_option,
    moment,
    on_new_store,
    print_json,
)
from service.cli.key_changes import list_keys, revoke, rotate, shown
from service.cli.values import Amount, Expiry
from service.ids import new_id
from service.store.database import Database
from service.store.keys import mint, mint_admin
from service.store.records import KeyRecord, NewKey
from specs.errors import InvalidRequest, NotFound
from specs.money import format_usd
from specs.scopes import ADMIN, DATA_SCOPES, KEYS_CREATE, SCOPES, allowed_scopes


class Wanted(Struct, frozen=True):
    """A key as it was asked for."""

    name: str
    project: str
    granted: int
    unlimited: bool
    scopes: tuple[str, ...]
    agents: tuple[str, ...] | None
    expires_at: int | None
    user: str | None = None
    """Their id or address."""


@click.group()
def keys() -> None:
    """Make, list, rotate and revoke API keys."""


@keys.command()
@click.option("--name", required=True, help="What the key is for.")
@click.option("--project", default="default", show_default=True, help="Its project; made if absent.")
@click.option("--balance", type=Amount(), metavar="USD", help="What it can spend (default: 0).")
@click.option("--unlimited", is_flag=True, help="It can spend without limit.")
@click.option("--scopes", metavar="A,B", help="What it may do (default: every data scope).")
@click.option("--agents", metavar="A,B", help="The agents it may use (default: all).")
@click.option("--user", metavar="ID", help="Whose it is, by id or address; a member of the project.")
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
    user: str | None,
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
        user=user,
    )
    record, secret = on_new_store(config, lambda database: make_key(database, wanted))
    if as_json:
        print_json({"id": record.id, "key": secret, **shown(record), **_money(wanted)})
    else:
        _tell(record, secret, wanted)


async def make_key(database: Database, wanted: Wanted) -> tuple[KeyRecord, str]:
    """Make the key, its account and, where absent, its project; returns it with its secret.

    Raises NotFound, InvalidRequest where its user is no member, or may not do so much.
    """
    now = int(time.time())
    project = await database.projects.ensure(wanted.project, id=new_id("proj"), now=now)
    user = None if wanted.user is None else await _member(database, project.id, wanted.user, wanted.scopes)
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
        user=user,
        on_users_account=not wanted.granted and not wanted.unlimited,
    )
    event = change(
        "api_key.created",
        key.id,
        project=project.id,
        name=key.name,
        scopes=key.scopes,
        agents=key.agents,
        expires_at=key.expires_at,
        user_id=user,
        balance=format_usd(wanted.granted) if wanted.granted else None,
        unlimited=wanted.unlimited or None,
    )
    record = await database.keys.create(key, granted=wanted.granted, unlimited=wanted.unlimited, event=event)
    return record, minted.secret.reveal()


async def _member(database: Database, project: str, named: str, scopes: tuple[str, ...]) -> str:
    """The id of a member of a project whose keys may do this much."""
    user = await database.users.get(named) or await database.users.by_email(named)
    member = None if user is None else await database.members.get(project, user.id)
    if user is None or member is None:
        raise NotFound(f"There is no user {named!r} in this project.")
    allowed = allowed_scopes(member.role, owns=user.role == "owner", may_create=user.may(KEYS_CREATE))
    strangers = [scope for scope in scopes if scope not in allowed]
    if strangers:
        raise InvalidRequest(f"--scopes: {strangers[0]!r} is more than a {member.role} may.")
    return user.id


for command in (list_keys, rotate, revoke):
    keys.add_command(command)


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
