"""Credentials that projects and users brought: opened for the call that needs them, for their owner alone.

What is built with one is kept while the credential stays as it is, so that its connections are used again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import aiohttp
import structlog
from msgspec import Struct, structs

from providers.base import Call, ModelStream, Provider
from providers.probe import probe
from providers.profiles import Profile
from providers.registry import build_provider
from service.egress import Door, Forbidden
from service.engine.ports import PerTenant
from service.secrets import BadKeyFile, Sealer, Unsealable
from service.store.credentials import SealedCredential, SqlCredentials
from specs.errors import (
    CredentialMissing,
    CredentialUnreadable,
    InvalidRequest,
    UpstreamCredentialRefused,
    UpstreamError,
)
from specs.providers import ProviderSpec
from specs.requests import ModelRequest
from specs.secret import Secret

RECALL_SECONDS = 1.0
"""How long a credential is taken for what it was: how late a rotation or removal by another process shows."""
RECALL_LIMIT = 2_000
NOWHERE = "https://credential.invalid"
"""The address of a provider that has none before somebody brings one; it is only asked for facts."""

log = structlog.get_logger()


class _Kept(Struct, frozen=True):
    """A provider that was built, with which state of which credential, and until when that is believed."""

    spec: ProviderSpec
    id: str
    version: int
    until: float
    provider: Provider


class Vault:
    """Opens credentials, and builds what calls are made with."""

    def __init__(
        self,
        store: SqlCredentials,
        sealer: Sealer,
        *,
        door: Door,
        session: aiohttp.ClientSession,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.sealer = sealer
        self.door = door
        self._session = session
        self._monotonic = monotonic
        self._kept: dict[tuple[str, str, str], _Kept] = {}

    async def provider(self, spec: ProviderSpec, *, project: str, user: str) -> Provider:
        """What a user of a project reaches a provider with.

        Raises CredentialMissing, CredentialUnreadable, InvalidRequest, StoreUnavailable.
        """
        place, now = (spec.name, project, user), self._monotonic()
        kept = self._kept.get(place)
        if kept is not None and kept.spec is spec and now < kept.until:
            return kept.provider
        found = await self.store.find(project, user, spec.name)
        if found is None:
            self._kept.pop(place, None)
            raise missing(spec.name, project)
        if kept is not None and kept.spec is spec and (kept.id, kept.version) == (found.id, found.version):
            provider = kept.provider
        else:
            own = self.bound(spec, found)
            provider = build_provider(own, self._session_for(own, found))
        if len(self._kept) >= RECALL_LIMIT:
            self._kept.clear()
        self._kept[place] = _Kept(spec, found.id, found.version, now + RECALL_SECONDS, provider)
        return provider

    async def check(self, spec: ProviderSpec, found: SealedCredential) -> None:
        """Ask the provider whether it takes a credential. Raises what `provider` does, and UpstreamError."""
        own = self.bound(spec, found)
        await probe(own, self._session_for(own, found))

    def forget(self) -> None:
        """Look every credential up anew: one has changed."""
        self._kept.clear()

    def reload(self) -> None:
        """Take nothing for what it was: neither credentials nor the keys that seal them."""
        self.forget()
        self.sealer.forget()

    def bound(self, spec: ProviderSpec, found: SealedCredential) -> ProviderSpec:
        """The provider as its owner's credential reaches it.

        An address that came with the credential gets nothing of the operator's: no header, no identity.
        Raises CredentialUnreadable.
        """
        key = self.open(found)
        if found.base_url is None:
            return structs.replace(spec, api_key=key)
        return structs.replace(
            spec, api_key=key, base_url=found.base_url, headers={}, organization=None, project=None
        )

    def seal(self, secret: str, *, about: str) -> bytes:
        """Seal a secret for its place. Raises CredentialUnreadable where there is no key to do it with."""
        try:
            return self.sealer.seal(secret.encode(), about=about)
        except BadKeyFile as error:
            log.error("secret_key_unusable", problem=str(error))
            raise CredentialUnreadable("Secrets cannot be sealed now. Tell your operator.") from error

    def open(self, found: SealedCredential) -> Secret:
        """The secret itself. Raises CredentialUnreadable."""
        try:
            return Secret(self.sealer.open(found.sealed, about=found.about).decode())
        except (Unsealable, BadKeyFile) as error:
            log.error("credential_unreadable", credential=found.id, project=found.project)
            raise CredentialUnreadable from error

    def _session_for(self, own: ProviderSpec, found: SealedCredential) -> aiohttp.ClientSession:
        """The operator's address is the operator's choice; any other goes out by the door."""
        if found.base_url is None:
            if own.base_url is None:
                raise InvalidRequest(
                    f"base_url: the credential for {own.name!r} names no address, and there is no other. "
                    "Rotate it with one.",
                    param="base_url",
                )
            return self._session
        try:
            return self.door.session(found.base_url)
        except Forbidden as error:
            raise InvalidRequest(f"base_url: {error}", param="base_url") from error


def missing(provider: str, project: str) -> CredentialMissing:
    """Nobody has brought a credential; says where to."""
    return CredentialMissing(
        f'No credential for the provider "{provider}". Add yours with POST /v1/credentials, or your '
        f"project's with POST /v1/organization/projects/{project}/credentials.",
        param="model",
    )


class UserProvided(PerTenant):
    """A provider that each project or user reaches with its own credential; `of` makes it theirs."""

    def __init__(self, spec: ProviderSpec, vault: Vault, session: aiohttp.ClientSession) -> None:
        self.name = spec.name
        self._spec = spec
        self._vault = vault
        nobodys = structs.replace(spec, base_url=spec.base_url or NOWHERE, headers={})
        self._facts = build_provider(nobodys, session)

    def of(self, *, project: str, user: str) -> Provider:
        """The provider as this user of this project reaches it."""
        return _Theirs(self, project=project, user=user)

    def profile(self, model: str) -> Profile:
        """The facts we know of this model."""
        return self._facts.profile(model)

    async def open(self, request: ModelRequest, call: Call) -> ModelStream:
        """Nobody's call goes nowhere. Raises CredentialMissing."""
        raise missing(self.name, "…")

    async def open_for(self, project: str, user: str, request: ModelRequest, call: Call) -> ModelStream:
        """Send the request with the credential of its owner.

        Raises UpstreamError, CredentialMissing, CredentialUnreadable, StoreUnavailable.
        """
        provider = await self._vault.provider(self._spec, project=project, user=user)
        try:
            return await provider.open(request, call)
        except UpstreamCredentialRefused as error:
            raise _refused(self.name) from error

    async def aclose(self) -> None:
        """Nothing is held."""


class _Theirs:
    def __init__(self, of: UserProvided, *, project: str, user: str) -> None:
        self.name = of.name
        self._of = of
        self._project = project
        self._user = user

    def profile(self, model: str) -> Profile:
        return self._of.profile(model)

    async def open(self, request: ModelRequest, call: Call) -> ModelStream:
        return await self._of.open_for(self._project, self._user, request, call)

    async def aclose(self) -> None:
        """Nothing is held."""


def _refused(provider: str) -> UpstreamError:
    return UpstreamCredentialRefused(
        f'The provider "{provider}" refused the credential stored for you. Rotate it, or tell who stored it.'
    )
