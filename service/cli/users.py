"""`dragoman users`: people, what they were granted, and the projects they are in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import UNSET, structs

from service.cli.changes import change
from service.cli.common import (
    config_option,
    expected_failures,
    json_option,
    on_new_store,
    on_store,
    print_json,
    print_table,
    read_store_settings,
)
from service.ids import new_id
from service.store.access_records import PERMISSIONS, Member, Role, User
from service.store.database import Database
from service.store.users import UserChange
from specs.errors import NotFound

ROLES: tuple[Role, ...] = ("owner", "member", "viewer")
permissions_option = click.option(
    "--grant", "permissions", multiple=True, type=click.Choice(PERMISSIONS), help="A permission; repeatable."
)


@click.group()
def users() -> None:
    """Add, list, change and remove users."""


@users.command()
@click.option("--email", help="Their address; a token that has it verified makes its bearer this user.")
@click.option("--subject", help="The `sub` of their tokens.")
@click.option("--name", help="What they are called (default: the address).")
@click.option("--owner", is_flag=True, help="They administer everything.")
@permissions_option
@config_option
@json_option
@expected_failures
def add(
    email: str | None,
    subject: str | None,
    name: str | None,
    owner: bool,
    permissions: tuple[str, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Add a user."""
    if not email and not subject:
        raise click.UsageError("a user needs --email or --subject")
    issuer = read_store_settings(config).auth.oidc.issuer
    if subject and not issuer:
        raise click.UsageError("--subject needs an issuer under [auth.oidc]")
    address = email.strip().lower() if email else None
    user = User(
        id=new_id("user"),
        name=name or address or subject or "",
        email=address,
        issuer=issuer if subject else None,
        subject=subject,
        role="owner" if owner else "reader",
        permissions=tuple(dict.fromkeys(permissions)),
        created_at=int(time.time()),
    )
    event = change("user.added", user.id, role=user.role, permissions=user.permissions)
    _tell(on_new_store(config, lambda database: database.users.create(user, event)), (), as_json=as_json)


@users.command("list")
@config_option
@json_option
@expected_failures
def list_users(config: Path | None, as_json: bool) -> None:
    """List the users and the projects they are in."""

    async def find(database: Database) -> list[tuple[User, Sequence[Member]]]:
        page = await database.users.page(limit=10_000)
        return [(user, await database.members.of_user(user.id)) for user in page.data]

    found = on_store(config, find)
    if as_json:
        print_json([_shown(user, members) for user, members in found])
        return
    heads = ("ID", "NAME", "EMAIL", "ROLE", "PERMISSIONS", "PROJECTS")
    rows = [
        (user.id, user.name, user.email, user.role, user.permissions, _projects(members))
        for user, members in found
    ]
    print_table(heads, rows, empty="There are no users.")


@users.command("set")
@click.argument("user")
@click.option("--owner/--reader", "owner", default=None, help="Whether they administer everything.")
@permissions_option
@click.option("--grant-none", is_flag=True, help="Take every permission back.")
@click.option("--project", help="A project, by name; with --role.")
@click.option("--role", type=click.Choice([*ROLES, "none"]), help="Their role there; none takes them out.")
@config_option
@json_option
@expected_failures
def change_user(
    user: str,
    owner: bool | None,
    permissions: tuple[str, ...],
    grant_none: bool,
    project: str | None,
    role: Role | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Change what a user, by id or address, may do."""
    if (project is None) != (role is None):
        raise click.UsageError("--project and --role go together")
    wanted = UserChange(
        role=UNSET if owner is None else "owner" if owner else "reader",
        permissions=tuple(dict.fromkeys(permissions)) if permissions or grant_none else UNSET,
    )

    async def work(database: Database) -> tuple[User, Sequence[Member]]:
        found = await _find(database, user)
        given = {name: each for name, each in structs.asdict(wanted).items() if each is not UNSET}
        if given:
            event = change("user.updated", found.id, **given)
            found = await database.users.update(found.id, wanted, event) or found
        if project is not None and role is not None:
            await _join(database, found, project, role)
        return found, await database.members.of_user(found.id)

    _tell(*on_store(config, work), as_json=as_json)


@users.command()
@click.argument("user")
@config_option
@expected_failures
def remove(user: str, config: Path | None) -> None:
    """Delete a user, by id or address, and revoke their keys."""

    async def work(database: Database) -> str:
        found = await _find(database, user)
        await database.users.delete(found.id, now=int(time.time()), event=change("user.deleted", found.id))
        return found.id

    click.echo(f"Deleted {on_store(config, work)}.")


async def _find(database: Database, named: str) -> User:
    user = await database.users.get(named) or await database.users.by_email(named)
    if user is None:
        raise NotFound(f"There is no user {named!r}. `dragoman users list` shows them.")
    return user


async def _join(database: Database, user: User, name: str, role: Role) -> None:
    project = await database.projects.named(name)
    if project is None:
        raise NotFound(f"There is no project {name!r}.")
    event = change("user.updated", user.id, project=project.id, role=role)
    await database.members.add(project.id, user.id, role, now=int(time.time()), event=event)


def _projects(members: Sequence[Member]) -> tuple[str, ...]:
    return tuple(f"{member.project_name} ({member.role})" for member in members)


def _shown(user: User, members: Sequence[Member]) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "subject": user.subject,
        "role": user.role,
        "permissions": user.permissions,
        "projects": {member.project_name: member.role for member in members},
    }


def _tell(user: User, members: Sequence[Member], *, as_json: bool) -> None:
    if as_json:
        print_json(_shown(user, members))
        return
    granted = ", ".join(user.permissions) or "nothing"
    where = ", ".join(_projects(members)) or "no project"
    click.echo(f"{user.id} ({user.name}): {user.role}, granted {granted}, in {where}.")
