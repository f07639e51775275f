"""Accounts: opened, bounded, refilled, paid into, paid back, and shared between keys."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.house import house_of
from service.http.organization.account_wires import (
    account_to_wire,
    dollars_to_nano,
    require_limit,
    said_of,
    wish_of,
)
from service.http.organization.common import (
    asked_page,
    body_of,
    change,
    missing,
    now,
    printable,
    project_of,
)
from service.ids import new_id, run_of
from service.store.access_records import AuditEvent
from service.store.account_ports import AccountDesk
from service.store.account_records import Cause, Movement
from service.store.records import Account
from specs.errors import Conflict, InvalidRequest
from specs.money import format_usd
from specs.openai import organization_accounts as wire

TAGS = ["Accounts"]

_create = msgspec.json.Decoder(wire.CreateAccount)
_update = msgspec.json.Decoder(wire.UpdateAccount)
_top_up = msgspec.json.Decoder(wire.TopUp)
_refund = msgspec.json.Decoder(wire.Refund)
_adjust = msgspec.json.Decoder(wire.Adjustment)
_assign = msgspec.json.Decoder(wire.AssignKey)


@post(
    "/organization/accounts",
    opt={"scope": "admin", "body": wire.CreateAccount, "answer": wire.Account},
    status_code=200,
    operation_id="createAccount",
    summary="Open an account",
    tags=TAGS,
)
async def create_account(request: Request[Any, Any, Any]) -> ASGIApp:
    """Open an account of a project, for keys to share. A new key has its own unless it is given one."""
    asked = await body_of(request, _create)
    require_limit(asked, unlimited=False)
    project = await project_of(request, asked.project_id, active=True)
    wish, granted, id = wish_of(asked), dollars_to_nano(asked.balance, "balance"), new_id("acct")
    event = await change(
        request, "account.created", id, project=project.id, balance=asked.balance, **said_of(asked)
    )
    opened = await desk_of(request).open(
        id,
        project=project.id,
        wish=wish,
        granted=granted,
        why=_movement("top_up", event, "account opened"),
        audit=event,
        now=now(),
    )
    return json_answer(account_to_wire(opened, now=now()))


@get(
    "/organization/accounts",
    opt={"scope": "admin", "query": wire.AccountQuery, "answer": wire.AccountList},
    operation_id="listAccounts",
    summary="List the accounts",
    tags=TAGS,
)
async def list_accounts(request: Request[Any, Any, Any]) -> ASGIApp:
    """The accounts of every project or of one, oldest first."""
    asked = asked_page(request)
    project = request.query_params.get("project_id") or None
    after = await account_of(request, asked.after, param="after") if asked.after else None
    page = await desk_of(request).page(project=project, after=after, limit=asked.limit)
    shown = tuple(account_to_wire(account, now=now()) for account in page.data)
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.AccountList(shown, page.has_more, *ends))


@get(
    "/organization/accounts/{account_id:str}",
    opt={"scope": "admin", "answer": wire.Account},
    operation_id="retrieveAccount",
    summary="Show an account",
    tags=TAGS,
)
async def retrieve_account(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """One account: its balance, what bounds it, and when it is refilled."""
    return json_answer(account_to_wire(await account_of(request, account_id), now=now()))


@post(
    "/organization/accounts/{account_id:str}",
    opt={"scope": "admin", "body": wire.UpdateAccount, "answer": wire.Account},
    status_code=200,
    operation_id="updateAccount",
    summary="Bound and refill an account",
    tags=TAGS,
)
async def update_account(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """Change the credit limit, the spend limits, the refill or the warning of an account. A credit limit
    below what was spent on credit is refused."""
    asked = await body_of(request, _update)
    account = await account_of(request, account_id)
    require_limit(asked, unlimited=account.unlimited)
    event = await change(request, "account.updated", account.id, project=account.project, **said_of(asked))
    try:
        after = await desk_of(request).configure(account.id, wish_of(asked), audit=event, now=now())
    except Conflict as error:
        raise InvalidRequest(f"credit_limit: {error.message}", param="credit_limit") from error
    return json_answer(account_to_wire(after, now=now()))


@post(
    "/organization/accounts/{account_id:str}/top_ups",
    opt={"scope": "admin", "body": wire.TopUp, "answer": wire.Account},
    status_code=200,
    operation_id="topUpAccount",
    summary="Pay into an account",
    tags=TAGS,
)
async def top_up_account(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """Add to what an account was granted."""
    asked = await body_of(request, _top_up)
    amount = dollars_to_nano(asked.amount, "amount", least=1)
    return await _grant(request, account_id, amount, cause="top_up", reason=asked.reason or "")


@post(
    "/organization/accounts/{account_id:str}/adjustments",
    opt={"scope": "admin", "body": wire.Adjustment, "answer": wire.Account},
    status_code=200,
    operation_id="adjustAccount",
    summary="Correct a balance",
    tags=TAGS,
)
async def adjust_account(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """Correct a balance, up or down, and say why. No more is taken back than is available."""
    asked = await body_of(request, _adjust)
    amount = dollars_to_nano(asked.amount.removeprefix("-"), "amount", least=1)
    signed = -amount if asked.amount.startswith("-") else amount
    return await _grant(request, account_id, signed, cause="adjustment", reason=asked.reason)


@post(
    "/organization/accounts/{account_id:str}/refunds",
    opt={"scope": "admin", "body": wire.Refund, "answer": wire.Account},
    status_code=200,
    operation_id="refundCharge",
    summary="Give a charge back",
    tags=TAGS,
)
async def refund_charge(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """Give back what the account paid for a response, or a part of it; never more than it paid."""
    asked = await body_of(request, _refund)
    account = await account_of(request, account_id)
    amount = None if asked.amount is None else dollars_to_nano(asked.amount, "amount", least=1)
    said = {"response_id": asked.response_id, "amount": asked.amount, "reason": asked.reason}
    event = await change(request, "account.refunded", account.id, project=account.project, **said)
    why = _movement("refund", event, printable(asked.reason, param="reason"), run_of(asked.response_id))
    try:
        after = await desk_of(request).refund(account.id, amount=amount, why=why, audit=event, now=now())
    except Conflict as error:
        raise InvalidRequest(f"amount: {error.message}", param="amount") from error
    return json_answer(account_to_wire(after, now=now()))


@post(
    "/organization/accounts/{account_id:str}/keys",
    opt={"scope": "admin", "body": wire.AssignKey, "answer": wire.AccountKeyList},
    status_code=200,
    operation_id="assignKeyToAccount",
    summary="Let a key spend from an account",
    tags=TAGS,
)
async def assign_key(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """Let a key of the account's project spend from it, from its next model call on. What it left on the
    account it had stays there."""
    asked = await body_of(request, _assign)
    account = await account_of(request, account_id)
    event = await change(
        request, "account.key_assigned", account.id, project=account.project, key_id=asked.key_id
    )
    await desk_of(request).assign_key(account.id, asked.key_id, audit=event)
    return await _keys(request, account)


@get(
    "/organization/accounts/{account_id:str}/keys",
    opt={"scope": "admin", "answer": wire.AccountKeyList},
    operation_id="listAccountKeys",
    summary="List the keys of an account",
    tags=TAGS,
)
async def list_account_keys(request: Request[Any, Any, Any], account_id: str) -> ASGIApp:
    """The keys that spend from an account, oldest first."""
    return await _keys(request, await account_of(request, account_id))


def desk_of(request: Request[Any, Any, Any]) -> AccountDesk:
    """Where accounts are kept."""
    return house_of(request).desk.accounts


async def account_of(request: Request[Any, Any, Any], id: str, *, param: str = "account_id") -> Account:
    """The account of a path. Raises NotFound."""
    account = await desk_of(request).get(id)
    if account is None:
        raise missing("account", param)
    return account


async def _grant(
    request: Request[Any, Any, Any], id: str, amount: int, *, cause: Cause, reason: str
) -> ASGIApp:
    account = await account_of(request, id)
    said = {"amount": format_usd(amount), "reason": reason or None}
    kind = "account.topped_up" if cause == "top_up" else "account.adjusted"
    event = await change(request, kind, account.id, project=account.project, **said)
    why = _movement(cause, event, printable(reason, param="reason") if reason else "")
    try:
        after = await desk_of(request).grant(
            account.id, amount, reason=reason, now=now(), why=why, audit=event
        )
    except Conflict as error:
        raise InvalidRequest(f"amount: {error.message}", param="amount") from error
    return json_answer(account_to_wire(after, now=now()))


async def _keys(request: Request[Any, Any, Any], account: Account) -> ASGIApp:
    found = await desk_of(request).keys(account.id)
    return json_answer(wire.AccountKeyList(tuple(wire.AccountKey(key.id, key.name) for key in found)))


def _movement(cause: Cause, event: AuditEvent, reason: str, reference: str = "") -> Movement:
    actor = event.actor.user or event.actor.service_account or event.actor.key or event.actor.kind
    return Movement(cause, actor, reason, reference)
