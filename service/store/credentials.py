"""Provider credentials as they are stored: sealed, of a project or of a user in it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from service.store.access_records import AuditEvent
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import Conflict

OF_PROJECT = ""
"""The owner of a credential that is the project's."""

_SQL = sql("credentials")


class CredentialRecord(Struct, frozen=True):
    """All that is ever told of a credential."""

    id: str
    project: str
    owner: str
    """The user whose it is; "" where it is the project's."""
    provider: str
    base_url: str | None
    last_four: str
    version: int
    created_at: int
    rotated_at: int
    checked_at: int | None
    check_error: str | None
    """The code of the failure of the last check."""


class SealedCredential(Struct, frozen=True):
    """A credential as it lies in the database."""

    id: str
    project: str
    owner: str
    provider: str
    base_url: str | None
    version: int
    sealed: bytes

    @property
    def about(self) -> str:
        """What it is sealed for: moved to another row, or given another address, it does not open."""
        return about(self.id, self.project, self.owner, self.provider, self.base_url)


class NewCredential(Struct, frozen=True):
    """A credential to be stored."""

    id: str
    project: str
    owner: str
    provider: str
    base_url: str | None
    sealed: bytes
    last_four: str
    created_by: str | None = None
    """The id of the key that stored it."""


class Rotation(Struct, frozen=True):
    """What takes the place of a credential's secret."""

    sealed: bytes
    base_url: str | None
    last_four: str


def about(id: str, project: str, owner: str, provider: str, base_url: str | None) -> str:
    """What the secret of a credential is sealed for."""
    return "\n".join(("credential", id, project, owner, provider, base_url or ""))


class SqlCredentials:
    """A method that is given a change writes it down with what it does."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def create(self, new: NewCredential, *, now: int, event: AuditEvent) -> CredentialRecord:
        """Store a credential. Raises Conflict when its owner has one for the provider."""
        values = {
            "id": new.id,
            "project": new.project,
            "owner": new.owner,
            "provider": new.provider,
            "base_url": new.base_url,
            "sealed": new.sealed,
            "last_four": new.last_four,
            "created_by": new.created_by,
            "now": now,
        }

        def command(connection: Connection) -> CredentialRecord:
            if row(connection, _SQL["create"], values) is None:
                raise Conflict("provider: there is a credential for it; rotate that one.", param="provider")
            write_audit(connection, event)
            return CredentialRecord(*row(connection, _SQL["get"], {"project": new.project, "id": new.id}))

        return await self._writer.submit(command)

    async def get(self, project: str, id: str) -> CredentialRecord | None:
        """Find a credential of a project."""
        found = await self._reader.row(_SQL["get"], {"project": project, "id": id})
        return None if found is None else CredentialRecord(*found)

    async def list(self, project: str, *, owner: str | None = None) -> Sequence[CredentialRecord]:
        """The credentials of a project, of one owner or of all, oldest first."""
        found = await self._reader.rows(_SQL["of_project"], {"project": project, "owner": owner})
        return [CredentialRecord(*each) for each in found]

    async def find(self, project: str, owner: str, provider: str) -> SealedCredential | None:
        """What a user reaches a provider with: their own, else their project's."""
        values = {"project": project, "owner": owner, "provider": provider}
        found = await self._reader.row(_SQL["find"], values)
        return None if found is None else _sealed(found)

    async def rotate(
        self, project: str, id: str, rotation: Rotation, *, now: int, event: AuditEvent
    ) -> CredentialRecord | None:
        """Put another secret in its place; None where there is no such credential."""
        key = {"project": project, "id": id}
        values = {
            **key,
            "sealed": rotation.sealed,
            "base_url": rotation.base_url,
            "last_four": rotation.last_four,
            "now": now,
        }

        def command(connection: Connection) -> CredentialRecord | None:
            if row(connection, _SQL["rotate"], values) is None:
                return None
            write_audit(connection, event)
            return CredentialRecord(*row(connection, _SQL["get"], key))

        return await self._writer.submit(command)

    async def delete(self, project: str, id: str, *, event: AuditEvent) -> bool:
        """Take a credential away; False where there is none."""

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["delete"], {"project": project, "id": id}) is None:
                return False
            write_audit(connection, event)
            return True

        return await self._writer.submit(command)

    async def note_check(self, checked: SealedCredential, *, error: str | None, now: int) -> None:
        """Note how a check went; nothing where the credential changed meanwhile."""
        values = {"project": checked.project, "id": checked.id, "version": checked.version}

        def command(connection: Connection) -> None:
            connection.execute(_SQL["checked"], {**values, "error": error, "now": now})

        await self._writer.submit(command)

    async def every(self) -> Sequence[SealedCredential]:
        """Every credential of every project, as it is sealed: for commands of the operator."""
        return [_sealed(each) for each in await self._reader.rows(_SQL["every"])]

    async def reseal(self, before: SealedCredential, sealed: bytes) -> bool:
        """Put the same secret, sealed anew, in its place; False where it has changed meanwhile."""
        values = {"id": before.id, "version": before.version, "before": before.sealed, "sealed": sealed}
        return (
            await self._writer.submit(lambda connection: row(connection, _SQL["reseal"], values)) is not None
        )


def _sealed(values: Sequence[object]) -> SealedCredential:
    *plain, sealed = values
    return SealedCredential(*plain, bytes(sealed))  # type: ignore[arg-type]
