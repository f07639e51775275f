"""API keys: how a secret is minted and recognised, and the keys as they are stored."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import b32encode
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from service.store.access_records import AuditEvent, Page
from service.store.accounts import grant_on, open_account
from service.store.audit import write_audit
from service.store.key_rows import agents_to_json, key_to_row, row_to_admitted, row_to_key, to_json
from service.store.members import account_of_user
from service.store.reader import Reader
from service.store.records import KeyRecord, NewKey
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import NotFound
from specs.scopes import ADMIN
from specs.secret import Secret

PREFIX = "sk-drg-"
ADMIN_PREFIX = "sk-drg-admin-"
RECALL_SECONDS = 0.2
"""How long a key that was found is remembered: what keeps a busy key's look-ups off the database,
and how late a revocation by another process may show where nothing is spent."""
RECALL_LIMIT = 10_000

Result = TypeVar("Result")

_SQL = sql("keys")
_ADMINISTERS = f'%"{ADMIN}"%'
"""What the scopes of a key of administration look like, as they are kept."""


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


class KeyChange(Struct, frozen=True):
    """What is to be different; UNSET stays."""

    name: str | UnsetType = UNSET
    scopes: tuple[str, ...] | UnsetType = UNSET
    agents: tuple[str, ...] | UnsetType | None = UNSET
    expires_at: int | UnsetType | None = UNSET


class SqlKeys:
    """See `service.store.ports.Keys`. A method that is given a change writes it down with what it does."""

    def __init__(
        self, writer: Writer, reader: Reader, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._monotonic = monotonic
        self._recalled: dict[bytes, tuple[float, KeyRecord]] = {}

    async def create(
        self, key: NewKey, *, granted: int = 0, unlimited: bool = False, event: AuditEvent | None = None
    ) -> KeyRecord:
        """Make a key; its account, opened here unless it is open, is granted this much."""

        def command(connection: Connection) -> KeyRecord:
            _create(connection, key, granted=granted, unlimited=unlimited)
            _note(connection, event)
            return row_to_key(row(connection, _SQL["by_id"], {"id": key.id}))

        return await self._writer.submit(command)

    async def create_first(self, keys: Sequence[tuple[NewKey, int]]) -> bool:
        """Make the first keys there are, each granted so much; False where there is any key already."""

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["any_exists"])[0]:
                return False
            for key, granted in keys:
                _create(connection, key, granted=granted)
            return True

        return await self._writer.submit(command)

    async def find_by_digest(self, digest: bytes) -> KeyRecord | None:
        """Find the key a request came with, revoked and expired ones too.

        Its scopes are those that its owner may use now.
        """
        now = self._monotonic()
        recalled = self._recalled.get(digest)
        if recalled is not None and recalled[0] > now:
            return recalled[1]
        found = await self._reader.row(_SQL["by_digest"], {"digest": digest})
        if found is None:
            return None
        key = row_to_admitted(found)
        if len(self._recalled) >= RECALL_LIMIT:
            self._recalled.clear()
        self._recalled[digest] = (now + RECALL_SECONDS, key)
        return key

    async def get(self, id: str) -> KeyRecord | None:
        """Find a key by its id."""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        return row_to_key(found) if found else None

    async def list(self, *, project: str | None = None) -> Sequence[KeyRecord]:
        """The keys of one project or of all, oldest first."""
        return [row_to_key(found) for found in await self._reader.rows(_SQL["every"], {"project": project})]

    async def page(
        self, project: str, *, limit: int, after: str | None = None, user: str | None = None
    ) -> Page[KeyRecord]:
        """The keys of a project after one, oldest first, of one user or of all.

        Not those revoked, and not those of administration. Raises NotFound where `after` is none.
        """
        at, id = await self._place(after, project)
        values = {"project": project, "user": user, "at": at, "id": id, "admin": _ADMINISTERS}
        return await self._page(_SQL["of_project"], values, limit)

    async def page_of_administration(
        self, *, limit: int, after: str | None = None, newest_first: bool = False
    ) -> Page[KeyRecord]:
        """The keys of administration after one, not those revoked. Raises NotFound where `after` is none."""
        at, id = await self._place(after, None)
        if newest_first and after is None:
            at = 2**62
        statement = _SQL["of_administration_newest" if newest_first else "of_administration"]
        return await self._page(statement, {"at": at, "id": id, "admin": _ADMINISTERS}, limit)

    async def update(self, id: str, change: KeyChange, *, event: AuditEvent) -> KeyRecord | None:
        """Change a key; None where there is none that was not revoked."""

        def command(connection: Connection) -> KeyRecord | None:
            found = row(connection, _SQL["by_id"], {"id": id})
            if found is None:
                return None
            given = {name: value for name, value in structs.asdict(change).items() if value is not UNSET}
            key = structs.replace(row_to_key(found), **given)
            lists = {"scopes": to_json(key.scopes), "agents": agents_to_json(key.agents)}
            if row(connection, _SQL["update"], {**structs.asdict(key), **lists}) is None:
                return None
            _note(connection, event)
            return key

        return await self._changed(command)

    async def rotate(self, id: str, minted: MintedKey, *, until: int, event: AuditEvent) -> KeyRecord | None:
        """Give a key a new secret; the old one opens until then. None where there is none to rotate."""
        values = {
            "id": id,
            "digest": minted.digest,
            "prefix": minted.prefix,
            "last_four": minted.last_four,
            "until": until,
        }

        def command(connection: Connection) -> KeyRecord | None:
            if row(connection, _SQL["rotate"], values) is None:
                return None
            _note(connection, event)
            return row_to_key(row(connection, _SQL["by_id"], {"id": id}))

        return await self._changed(command)

    async def revoke(self, id: str, *, now: int, event: AuditEvent | None = None) -> bool:
        """Revoke a key for good; False when there is none of this id."""

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["revoke"], {"id": id, "now": now}) is None:
                return False
            _note(connection, event)
            return True

        return await self._changed(command)

    async def sign_in(self, project: str, user: str, *, key: str, account: str, now: int) -> KeyRecord:
        """What a user's tokens spend by in a project, made with these ids where there is nothing yet."""
        values = {"project": project, "user": user}
        found = await self._reader.row(_SQL["signed_in"], values)
        if found is not None:
            return row_to_key(found)

        def command(connection: Connection) -> KeyRecord:
            spends = account_of_user(connection, project, user, new=account, now=now)
            unknown = secrets.token_bytes(32)
            made = {"id": key, "name": "sign-in", "digest": unknown, "account": spends, "now": now}
            connection.execute(_SQL["sign_in"], {**values, **made})
            return row_to_key(row(connection, _SQL["signed_in"], values))

        return await self._writer.submit(command)

    async def note_used(self, used: Mapping[str, int]) -> None:
        """Note when each of these keys was last used."""

        def command(connection: Connection) -> None:
            for id, at in sorted(used.items()):
                connection.execute(_SQL["used"], {"id": id, "at": at})

        await self._writer.submit(command)

    def forget_recalled(self) -> None:
        """Look every key up anew: what its owner may do has changed."""
        self._recalled.clear()

    async def any_exists(self) -> bool:
        """Whether any key was ever made."""
        return bool((await self._reader.row(_SQL["any_exists"]))[0])

    async def _changed(self, command: Callable[[Connection], Result]) -> Result:
        result = await self._writer.submit(command)
        self._recalled.clear()
        return result

    async def _place(self, after: str | None, project: str | None) -> tuple[int, str]:
        if after is None:
            return -1, ""
        key = await self.get(after)
        if key is None or project not in (None, key.project):
            raise NotFound(f"after: there is no key {after[:80]!r}.", param="after")
        return key.created_at, key.id

    async def _page(self, statement: str, values: Mapping[str, object], limit: int) -> Page[KeyRecord]:
        rows = await self._reader.rows(statement, {**values, "limit": limit + 1})
        return Page(tuple(map(row_to_key, rows[:limit])), len(rows) > limit)


def _create(connection: Connection, key: NewKey, *, granted: int, unlimited: bool = False) -> None:
    """Make a key and its account within a command."""
    made = _with_account(connection, key, unlimited=unlimited)
    if granted:
        grant_on(connection, made.account, granted, reason="key created", now=key.created_at)
    connection.execute(_SQL["create"], key_to_row(made))


def _with_account(connection: Connection, key: NewKey, *, unlimited: bool) -> NewKey:
    """A new key with an account that is open."""
    now = key.created_at
    if key.on_users_account and key.user is not None:
        account = account_of_user(connection, key.project, key.user, new=key.account, now=now)
        return structs.replace(key, account=account)
    open_account(connection, key.account, project=key.project, unlimited=unlimited, now=now)
    return key


def _note(connection: Connection, event: AuditEvent | None) -> None:
    if event is not None:
        write_audit(connection, event)
