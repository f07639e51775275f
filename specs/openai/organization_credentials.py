"""Provider credentials: ours, in the manner of OpenAI's administration API. Secrets go in, never out."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

ApiKey: TypeAlias = Annotated[str, Meta(min_length=8, max_length=4096)]
BaseUrl: TypeAlias = Annotated[str, Meta(min_length=8, max_length=2048)]
ProviderName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]


class CreateCredential(Struct, frozen=True):
    """A credential to be stored."""

    provider: ProviderName
    """A provider whose `api_key` is "user_provided", by its name in the configuration."""
    api_key: ApiKey
    base_url: BaseUrl | None = None
    """An address of one's own, where the provider's configuration allows it."""


class RotateCredential(Struct, frozen=True):
    """What takes the place of a credential's secret."""

    api_key: ApiKey
    base_url: BaseUrl | UnsetType | None = UNSET
    """Left out, the address stays."""


class Credential(Struct, frozen=True):
    """All that is ever shown of a credential."""

    id: str
    provider: str
    project_id: str
    user_id: str | None
    """The user whose it is; null where it is the project's."""
    base_url: str | None
    last_four: str
    version: int
    """Grows with each rotation."""
    created_at: int
    rotated_at: int
    checked_at: int | None
    """When it was last validated since it was stored or rotated."""
    check_error: str | None
    """What came of that: null where the provider took it."""
    object: Literal["organization.project.credential"] = "organization.project.credential"


class CredentialList(Struct, frozen=True):
    """Credentials, oldest first. There is one for each provider and owner, so they come on one page."""

    data: tuple[Credential, ...]
    has_more: Literal[False] = False
    object: Literal["list"] = "list"


class CredentialDeleted(Struct, frozen=True):
    """A credential that is gone."""

    id: str
    deleted: Literal[True] = True
    object: Literal["organization.project.credential.deleted"] = "organization.project.credential.deleted"


class CredentialCheck(Struct, frozen=True):
    """Whether a provider took a credential just now."""

    id: str
    valid: bool
    error: str | None
    """The code of the failure; "upstream_credential_refused" where the provider does not know it."""
    message: str
    object: Literal["organization.project.credential.check"] = "organization.project.credential.check"
