"""[auth]: how callers say who they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta, Struct

Algorithm: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Signatures with a public key. Those with a shared one are never taken."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OIDC(Struct, frozen=True):
    """[auth.oidc]: an issuer whose tokens make their bearers users."""

    issuer: str | None = None
    """Its address, exactly as its tokens have it in `iss`; none takes no tokens."""
    audience: str | None = None
    """What its tokens must have in `aud`; required with an issuer."""
    scope: str | None = None
    """What they must have in `scope` or `scp`."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    leeway_seconds: Annotated[int, Meta(ge=0, le=300)] = 30
    """How far clocks may differ."""
    keys_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 600
    """How long the issuer's keys are taken for current."""
    create_users: bool = True
    """Whether a bearer nobody added becomes a user."""
    default_project: str | None = None
    """The project such a user becomes a member of, by name; made where absent."""
    groups_claim: str = "groups"
    """The claim with a bearer's groups."""
    admin_groups: tuple[str, ...] = ()
    """Whoever is in one of these administers everything."""


class Auth(Struct, frozen=True):
    """[auth]: how callers say who they are."""

    api_keys: bool = True
    """False takes tokens of the issuer alone, and refuses every API key."""
    oidc: OIDC = OIDC()


def check_auth(auth: Auth, note: Callable[[str, str], None]) -> None:
    """Note what does not go together, with the path it stands at."""
    oidc = auth.oidc
    if oidc.issuer is None:
        if not auth.api_keys:
            note("auth.api_keys", "false needs an issuer under [auth.oidc], or nobody could come in")
        return
    if not oidc.audience:
        note("auth.oidc.audience", "is required with an issuer: tokens made for others are not taken")
    if not oidc.algorithms:
        note("auth.oidc.algorithms", "must have at least one")
    if not _is_safe(oidc.issuer):
        note("auth.oidc.issuer", f"must be an https:// address, is {oidc.issuer!r}")


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    if parts.query or parts.fragment or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
