"""Making keys: what a new one may do, what it is charged to, and the one time its secret is told."""

from __future__ import annotations

from typing import Any

from litestar import Request
from msgspec import Struct

from service.http.house import house_of
from service.http.organization.common import access_of, change, missing, now
from service.ids import new_id
from service.store.access_records import Role
from service.store.keys import MintedKey, mint
from service.store.records import KeyRecord, NewKey, Project
from specs.errors import InvalidRequest
from specs.money import parse_usd
from specs.openai.organization_keys import Spending
from specs.scopes import DATA_SCOPES, ROLE_SCOPES, allowed_scopes


class KeyWish(Struct, frozen=True, kw_only=True):
    """A key as it is asked for."""

    project: str
    name: str
    scopes: tuple[str, ...]
    agents: tuple[str, ...] | None = None
    seconds: int | None = None
    """Until it expires; None is never."""
    user: str | None = None
    service_account: str | None = None
    spending: Spending = Spending()
    on_users_account: bool = False


async def make_key(request: Request[Any, Any, Any], wish: KeyWish) -> tuple[KeyRecord, str]:
    """Make a key and write down who made it; the second is its secret.

    Raises InvalidRequest, NotFound.
    """
    spending = wish.spending
    await check_spending(request, wish.project, spending)
    minted = mint()
    key = _new_key(wish, minted, at=now())
    event = await change(
        request,
        "api_key.created",
        key.id,
        project=key.project,
        name=key.name,
        scopes=key.scopes,
        agents=key.agents,
        expires_at=key.expires_at,
        user_id=key.user,
        service_account_id=key.service_account,
        balance=spending.balance,
        unlimited=spending.unlimited,
    )
    granted = 0 if spending.balance is None else parse_usd(spending.balance)
    unlimited = bool(spending.unlimited)
    record = await access_of(request).keys.create(key, granted=granted, unlimited=unlimited, event=event)
    return record, minted.secret.reveal()


def _new_key(wish: KeyWish, minted: MintedKey, *, at: int) -> NewKey:
    account = wish.spending.account_id
    return NewKey(
        id=new_id("key"),
        project=wish.project,
        name=wish.name,
        digest=minted.digest,
        prefix=minted.prefix,
        last_four=minted.last_four,
        scopes=wish.scopes,
        account=account or new_id("acct"),
        created_at=at,
        agents=wish.agents,
        expires_at=None if wish.seconds is None else at + wish.seconds,
        user=wish.user,
        service_account=wish.service_account,
        on_users_account=wish.on_users_account and account is None,
    )


async def check_spending(request: Request[Any, Any, Any], project: str, spending: Spending) -> None:
    """Refuse what a key of a project cannot be charged to, before anything is made.

    Raises InvalidRequest, NotFound.
    """
    if spending.balance is not None and spending.unlimited:
        raise InvalidRequest("balance: an account without a limit has none.", param="balance")
    if spending.account_id is None:
        return
    if spending.balance is not None or spending.unlimited is not None:
        raise InvalidRequest(
            "account_id: an account that is shared keeps its balance; leave balance and unlimited out.",
            param="account_id",
        )
    account = await house_of(request).accounts.get(spending.account_id)
    if account is None or account.project != project:
        raise missing("account in this project", "account_id")


def wished_scopes(asked: tuple[str, ...] | None, allowed: frozenset[str] | None) -> tuple[str, ...]:
    """The scopes of a new key: those asked for, or the data scopes; never more than is allowed.

    Raises InvalidRequest naming the first that is too much.
    """
    if asked is None:
        return tuple(scope for scope in DATA_SCOPES if allowed is None or scope in allowed)
    for scope in asked:
        if allowed is not None and scope not in allowed:
            may = ", ".join(sorted(allowed)) or "nothing"
            raise InvalidRequest(
                f"scopes: {scope!r} is more than its owner may; allowed: {may}.", param="scopes"
            )
    return tuple(dict.fromkeys(asked))


async def scopes_of_user(request: Request[Any, Any, Any], project: Project, id: str) -> frozenset[str]:
    """What keys of a user may do in a project. Raises NotFound where they are no member."""
    access = access_of(request)
    member = await access.members.get(project.id, id)
    user = await access.users.get(id)
    if member is None or user is None:
        raise missing("user in this project", "user_id")
    owns = user.role == "owner"
    return allowed_scopes(member.role, owns=owns, may_create=user.may("keys.create"))


def scopes_of_role(role: Role) -> frozenset[str]:
    """What keys of a service account may do."""
    return ROLE_SCOPES[role]


def with_spending(asked: Spending) -> Spending:
    """What a body says of spending, without the rest."""
    return Spending(**{field: getattr(asked, field) for field in Spending.__struct_fields__})
