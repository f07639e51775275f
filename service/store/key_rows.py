"""Keys as rows: what is written of one, and what a request's look-up makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from service.store.access_records import KEYS_CREATE, KEYS_USE
from service.store.records import KeyRecord, NewKey
from specs.limits import NO_RATES, KeyRates
from specs.scopes import allowed_scopes

NO_ACCESS = "The owner of this key has no access to the project any more."
NO_USE = f"The user of this key was not granted {KEYS_USE!r}. Ask an administrator."


def key_to_row(key: NewKey) -> dict[str, Any]:
    """What is written of a new key."""
    return {**structs.asdict(key), "scopes": to_json(key.scopes), "agents": agents_to_json(key.agents)}


def row_to_key(values: Sequence[Any]) -> KeyRecord:
    """A key as it is listed."""
    (id, project, project_name, name, prefix, last_four, scopes, agents, account, *rest) = values
    return KeyRecord(
        id, project, project_name, name, prefix, last_four, from_json(scopes), _agents(agents), account, *rest
    )


def row_to_admitted(values: Sequence[Any]) -> KeyRecord:
    """A key as a request gets it: with the scopes its owner's role leaves it, or why there are none."""
    *plain, previous_until, organization_role, permissions, role, requests, tokens, parallel = values
    key = row_to_key(plain)
    if (rates := KeyRates(requests, tokens, parallel)) != NO_RATES:
        key = structs.replace(key, rates=rates)
    if previous_until is not None:
        ends = previous_until if key.expires_at is None else min(previous_until, key.expires_at)
        key = structs.replace(key, expires_at=ends)
    if key.user is None and key.service_account is None:
        return key
    owns = organization_role == "owner"
    granted = from_json(permissions) if permissions else ()
    allowed = allowed_scopes(role or "none", owns=owns, may_create=owns or KEYS_CREATE in granted)
    if not allowed or (key.user is not None and organization_role is None):
        return structs.replace(key, scopes=(), denied=NO_ACCESS)
    if key.user is not None and not owns and KEYS_USE not in granted:
        return structs.replace(key, scopes=(), denied=NO_USE)
    return structs.replace(key, scopes=tuple(scope for scope in key.scopes if scope in allowed))


def to_json(names: tuple[str, ...]) -> str:
    """A list of names as it is kept."""
    return msgspec.json.encode(names).decode()


def agents_to_json(agents: tuple[str, ...] | None) -> str | None:
    """The agents a key may use as they are kept; None is every one."""
    return None if agents is None else to_json(agents)


def from_json(text: str) -> tuple[str, ...]:
    """A list of names from how it is kept."""
    return _names.decode(text)


def _agents(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else from_json(text)


_names = msgspec.json.Decoder(tuple[str, ...])
