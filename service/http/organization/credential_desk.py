"""What routes of credentials do, whoever they are for: store, show, rotate, check, take away."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request
from litestar.types import ASGIApp
from msgspec import UNSET, Struct

from service.egress import Forbidden, check_url
from service.http.answers import json_answer
from service.http.house import house_of, key_of
from service.http.organization.common import change, missing, now
from service.ids import new_id
from service.store.credentials import (
    CredentialRecord,
    NewCredential,
    Rotation,
    SealedCredential,
    about,
)
from specs.errors import DragomanError, InvalidRequest, ServerError, UpstreamError
from specs.openai import organization_credentials as wire
from specs.providers import ProviderSpec

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")


class Desk(Struct, frozen=True):
    """Whose credentials a request is about."""

    request: Request[Any, Any, Any]
    project: str
    owner: str | None
    """A user, "" for the project itself; None is everybody in the project."""

    async def create(self, asked: wire.CreateCredential) -> ASGIApp:
        """Store a credential. Raises InvalidRequest, Conflict."""
        owner = self.owner or ""
        spec = _spec(self.request, asked.provider)
        base_url = _address(self.request, spec, asked.base_url)
        secret, id = _secret(asked.api_key), new_id("cred")
        place = about(id, self.project, owner, asked.provider, base_url)
        vault = house_of(self.request).vault
        new = NewCredential(
            id=id,
            project=self.project,
            owner=owner,
            provider=asked.provider,
            base_url=base_url,
            sealed=vault.seal(secret, about=place),
            last_four=secret[-4:],
            created_by=key_of(self.request).id,
        )
        event = await change(
            self.request,
            "credential.created",
            id,
            project=self.project,
            provider=asked.provider,
            user_id=owner or None,
            base_url=base_url,
        )
        record = await vault.store.create(new, now=now(), event=event)
        vault.forget()
        return json_answer(shown(record))

    async def list(self) -> ASGIApp:
        """The credentials, oldest first."""
        found = await house_of(self.request).vault.store.list(self.project, owner=self.owner)
        return json_answer(wire.CredentialList(tuple(map(shown, found))))

    async def retrieve(self, id: str) -> ASGIApp:
        """One credential. Raises NotFound."""
        return json_answer(shown(await self._find(id)))

    async def rotate(self, id: str, asked: wire.RotateCredential) -> ASGIApp:
        """Put another secret in its place. Raises NotFound, InvalidRequest."""
        kept = await self._find(id)
        spec = _spec(self.request, kept.provider)
        wanted = kept.base_url if asked.base_url is UNSET else asked.base_url
        base_url = _address(self.request, spec, wanted)
        secret = _secret(asked.api_key)
        vault = house_of(self.request).vault
        place = about(kept.id, kept.project, kept.owner, kept.provider, base_url)
        rotation = Rotation(vault.seal(secret, about=place), base_url, secret[-4:])
        event = await self._change("credential.rotated", kept, base_url=base_url)
        record = await vault.store.rotate(self.project, id, rotation, now=now(), event=event)
        vault.forget()
        if record is None:
            raise _gone()
        return json_answer(shown(record))

    async def validate(self, id: str) -> ASGIApp:
        """Ask the provider whether it takes it. Raises NotFound, InvalidRequest, StoreUnavailable."""
        kept = await self._find(id)
        spec = _spec(self.request, kept.provider)
        vault = house_of(self.request).vault
        found = await vault.store.find(self.project, kept.owner, kept.provider)
        if found is None or found.id != kept.id:
            raise _gone()
        error = await _check(self.request, spec, found)
        await vault.store.note_check(found, error=error.code if error else None, now=now())
        message = error.message if error else "The provider takes it."
        return json_answer(
            wire.CredentialCheck(kept.id, error is None, error.code if error else None, message)
        )

    async def delete(self, id: str) -> ASGIApp:
        """Take it away. Raises NotFound."""
        kept = await self._find(id)
        event = await self._change("credential.deleted", kept)
        vault = house_of(self.request).vault
        if not await vault.store.delete(self.project, id, event=event):
            raise _gone()
        vault.forget()
        return json_answer(wire.CredentialDeleted(id))

    async def _find(self, id: str) -> CredentialRecord:
        kept = await house_of(self.request).vault.store.get(self.project, id)
        if kept is None or self.owner not in (None, kept.owner):
            raise _gone()
        return kept

    async def _change(self, type: str, kept: CredentialRecord, *, base_url: str | None = None) -> Any:
        owner = kept.owner or None
        return await change(
            self.request,
            type,
            kept.id,
            project=kept.project,
            provider=kept.provider,
            user_id=owner,
            base_url=base_url,
        )


def shown(record: CredentialRecord) -> wire.Credential:
    """A credential as it is told: never its secret."""
    return wire.Credential(
        id=record.id,
        provider=record.provider,
        project_id=record.project,
        user_id=record.owner or None,
        base_url=record.base_url,
        last_four=record.last_four,
        version=record.version,
        created_at=record.created_at,
        rotated_at=record.rotated_at,
        checked_at=record.checked_at,
        check_error=record.check_error,
    )


async def _check(
    request: Request[Any, Any, Any], spec: ProviderSpec, found: SealedCredential
) -> DragomanError | None:
    try:
        await house_of(request).vault.check(spec, found)
    except (UpstreamError, InvalidRequest, ServerError) as error:
        return error
    return None


def _spec(request: Request[Any, Any, Any], name: str) -> ProviderSpec:
    spec = house_of(request).provider_spec(name)
    if spec is None or not spec.user_provided:
        raise InvalidRequest(f"provider: {name!r} is none that takes credentials here.", param="provider")
    return spec


def _address(request: Request[Any, Any, Any], spec: ProviderSpec, base_url: str | None) -> str | None:
    """The address a credential may name. Raises InvalidRequest."""
    if base_url is None:
        if spec.base_url is None:
            raise InvalidRequest(f"base_url: {spec.name!r} has no address of its own.", param="base_url")
        return None
    if not spec.user_base_url:
        raise InvalidRequest(
            f"base_url: {spec.name!r} is reached at the operator's address only.", param="base_url"
        )
    try:
        url = check_url(base_url, house_of(request).vault.door.policy)
    except Forbidden as error:
        raise InvalidRequest(f"base_url: {error}", param="base_url") from error
    if url.raw_query_string or url.raw_fragment:
        raise InvalidRequest("base_url: may have no query and no fragment.", param="base_url")
    return str(url).rstrip("/")


def _secret(text: str) -> str:
    if not _HEADER_VALUE.fullmatch(text):
        raise InvalidRequest("api_key: may hold printable ASCII characters only, no blanks.", param="api_key")
    return text


def _gone() -> DragomanError:
    return missing("credential here", "credential_id")
