"""Keys as the organization shows them: whose they are, and whether their owner has access."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from service.store.access import Access
from service.store.access_records import Member, ServiceAccount
from service.store.records import KeyRecord
from specs.openai import organization_keys as wire
from specs.scopes import ADMIN


class Owner(Struct, frozen=True):
    """Whose a key is; neither is set where it is the project's own, or theirs who are gone."""

    member: Member | None = None
    service_account: ServiceAccount | None = None
    gone: bool = False


async def owners_of(access: Access, keys: Iterable[KeyRecord]) -> dict[str, Owner]:
    """The owner of each key, by the key's id. Each owner is looked up once."""
    known: dict[tuple[str, str | None, str | None], Owner] = {}
    owners: dict[str, Owner] = {}
    for key in keys:
        place = (key.project, key.user, key.service_account)
        if place not in known:
            known[place] = await _owner(access, key)
        owners[key.id] = known[place]
    return owners


async def _owner(access: Access, key: KeyRecord) -> Owner:
    if key.user is not None:
        member = await access.members.get(key.project, key.user)
        return Owner(member=member, gone=member is None)
    if key.service_account is not None:
        account = await access.service_accounts.get(key.project, key.service_account)
        return Owner(service_account=account, gone=account is None or account.role == "none")
    return Owner()


def is_shown(key: KeyRecord) -> bool:
    """Whether a key is one of its project's keys: not revoked, none of administration, and no sign-in."""
    return key.revoked_at is None and ADMIN not in key.scopes and not key.signed_in


def key_to_wire(key: KeyRecord, owner: Owner) -> wire.ProjectApiKey:
    """A key as the API shows it."""
    return wire.ProjectApiKey(
        id=key.id,
        name=key.name,
        redacted_value=redacted(key),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        owner=owner_to_wire(owner),
        owner_project_access="inactive" if owner.gone else "active",
        scopes=key.scopes,
        agents=key.agents,
        account_id=key.account,
        project_id=key.project,
    )


def owner_to_wire(owner: Owner) -> wire.KeyOwner:
    """An owner as the API shows them."""
    if owner.member is not None:
        member = owner.member
        user = wire.OwnerUser(member.user, member.name, member.email or "", member.role, member.created_at)
        return wire.KeyOwner("user", user=user)
    if owner.service_account is not None:
        account = owner.service_account
        shown = wire.OwnerServiceAccount(account.id, account.name, account.role, account.created_at)
        return wire.KeyOwner("service_account", service_account=shown)
    return wire.KeyOwner()


def redacted(key: KeyRecord) -> str:
    """A secret's ends: all that is known of it."""
    return f"{key.prefix}…{key.last_four}"
