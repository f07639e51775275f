"""API keys: how a secret is minted and recognised, and the keys as they are stored."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b32encode
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from service.store.accounts import grant_on, open_account
from service.store.reader import Reader
from service.store.records import KeyRecord, NewKey
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.secret import Secret

PREFIX = "sk-drg-"
ADMIN_PREFIX = "sk-drg-admin-"
RECALL_SECONDS = 0.2
"""How long a key that was found is remembered: what keeps a busy key's look-ups off the database,
and how late a revocation by another process may show where nothing is spent."""
RECALL_LIMIT = 10_000

_SQL = sql("keys")


class MintedKey(Struct, frozen=True):
    """A fresh secret, to be shown once, and what is kept of it."""

    secret: Secret
    digest: bytes
    prefix: str
    last_four: str


def mint() -> MintedKey:
    """Make a key for data."""
    return recognise(Secret(PREFIX + _random()))


def mint_admin() -> MintedKey:
    """Make a key for administration."""
    return recognise(Secret(ADMIN_PREFIX + _random()))


def recognise(secret: Secret) -> MintedKey:
    """Say what is kept of a secret that exists already."""
    text = secret.reveal()
    prefix = next((known for known in (ADMIN_PREFIX, PREFIX) if text.startswith(known)), "")
    return MintedKey(secret, digest(text), prefix, text[-4:])


def digest(secret: str) -> bytes:
    """What a secret is kept and looked up as. Its 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _random() -> str:
    return b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()


class SqlKeys:
    """See `service.store.ports.Keys`."""

    def __init__(
        self, writer: Writer, reader: Reader, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._monotonic = monotonic
        self._recalled: dict[bytes, tuple[float, KeyRecord]] = {}

    async def create(self, key: NewKey, *, granted: int = 0, unlimited: bool = False) -> KeyRecord:
        """Make a key; its account, opened here unless it is open, is granted this much."""

        def command(connection: Connection) -> KeyRecord:
            now = key.created_at
            open_account(connection, key.account, project=key.project, unlimited=unlimited, now=now)
            if granted:
                grant_on(connection, key.account, granted, reason="key created", now=now)
            connection.execute(_SQL["create"], _key_to_row(key))
            return _row_to_key(row(connection, _SQL["by_id"], {"id": key.id}))

        return await self._writer.submit(command)

    async def find_by_digest(self, digest: bytes) -> KeyRecord | None:
        """Find the key a request came with, revoked and expired ones too."""
        now = self._monotonic()
        recalled = self._recalled.get(digest)
        if recalled is not None and recalled[0] > now:
            return recalled[1]
        found = await self._reader.row(_SQL["by_digest"], {"digest": digest})
        if found is None:
            return None
        key = _row_to_key(found)
        if len(self._recalled) >= RECALL_LIMIT:
            self._recalled.clear()
        self._recalled[digest] = (now + RECALL_SECONDS, key)
        return key

    async def get(self, id: str) -> KeyRecord | None:
        """Find a key by its id."""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        return _row_to_key(found) if found else None

    async def list(self, *, project: str | None = None) -> Sequence[KeyRecord]:
        """The keys of one project or of all, oldest first."""
        return [_row_to_key(found) for found in await self._reader.rows(_SQL["every"], {"project": project})]

    async def revoke(self, id: str, *, now: int) -> bool:
        """Revoke a key for good; False when there is none of this id."""
        values = {"id": id, "now": now}
        revoked = await self._writer.submit(lambda connection: row(connection, _SQL["revoke"], values))
        self._recalled.clear()
        return revoked is not None

    async def any_exists(self) -> bool:
        """Whether any key was ever made."""
        return bool((await self._reader.row(_SQL["any_exists"]))[0])


def _key_to_row(key: NewKey) -> dict[str, Any]:
    lists = {"scopes": _to_json(key.scopes), "agents": None if key.agents is None else _to_json(key.agents)}
    return {**structs.asdict(key), **lists}


def _row_to_key(values: Sequence[Any]) -> KeyRecord:
    id, project, project_name, name, prefix, last_four, scopes, agents, *rest = values
    return KeyRecord(
        id,
        project,
        project_name,
        name,
        prefix,
        last_four,
        _names.decode(scopes),
        None if agents is None else _names.decode(agents),
        *rest,
    )


def _to_json(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(names).decode()


_names = msgspec.json.Decoder(tuple[str, ...])
