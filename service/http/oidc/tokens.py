"""Reading a token: nothing in it is believed before an issuer's key has verified it. No clock, no network.

https://www.rfc-editor.org/rfc/rfc7519 and, for what goes wrong, https://www.rfc-editor.org/rfc/rfc8725
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Raw, Struct, structs

from service.settings.auth import OIDC
from specs.errors import InvalidToken

LEAST_RSA_BITS = 2048
MAX_SUBJECT = 255
MAX_GROUPS = 1_000
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}


class VerifyingKey(Struct, frozen=True):
    """A public key of an issuer."""

    kid: str
    key: Any
    """Of `cryptography`; only ever a public one."""
    algorithm: str | None
    """The one it is for, where the issuer says."""

    def verifies(self, algorithm: str) -> bool:
        """Whether it can be the key of a signature of this kind."""
        if self.algorithm not in (None, algorithm):
            return False
        match self.key:
            case RSAPublicKey():
                return algorithm[:2] in ("RS", "PS") and self.key.key_size >= LEAST_RSA_BITS
            case EllipticCurvePublicKey():
                return _CURVES.get(algorithm) == self.key.curve.name
            case Ed25519PublicKey() | Ed448PublicKey():
                return algorithm == "EdDSA"
            case _:
                return False


class Head(Struct, frozen=True):
    """What a token says of its signature; not to be believed, only to be looked up by."""

    algorithm: str
    kid: str | None


class Claims(Struct, frozen=True):
    """What a verified token says of its bearer."""

    subject: str
    email: str | None
    """In lower case, and only where the issuer has verified it."""
    name: str
    groups: frozenset[str]
    expires_at: float


class Jwks(Struct, frozen=True):
    """The keys an issuer lists; each is read by itself, so that an odd one does not hide the others."""

    keys: tuple[Raw, ...]


class Jwk(Struct, frozen=True):
    """What is wanted of a listed key: its public half."""

    kty: str
    kid: str = ""
    use: str = "sig"
    alg: str | None = None
    n: str | None = None
    e: str | None = None
    crv: str | None = None
    x: str | None = None
    y: str | None = None


def read_keys(listed: Jwks) -> tuple[VerifyingKey, ...]:
    """The public keys that can verify; others, shared secrets among them, are left out."""
    read = (_verifying_key(each) for each in listed.keys)
    return tuple(key for key in read if key is not None)


def _verifying_key(raw: Raw) -> VerifyingKey | None:
    try:
        jwk = _jwk.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if jwk.kty not in ("RSA", "EC", "OKP") or jwk.use != "sig":
        return None
    given = {name: value for name, value in structs.asdict(jwk).items() if value is not None}
    try:
        key = jwt.PyJWK(given).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return VerifyingKey(jwk.kid, key, jwk.alg)


_jwk = msgspec.json.Decoder(Jwk)


def read_head(token: str, oidc: OIDC) -> Head:
    """What a token says of its signature. Raises InvalidToken where that cannot be taken."""
    try:
        head = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError) as error:
        raise InvalidToken("The bearer token cannot be read.") from error
    algorithm, kid = head.get("alg"), head.get("kid")
    if algorithm not in oidc.algorithms:
        raise InvalidToken(
            f"alg: a token signed with {str(algorithm)[:40]!r} is not taken; "
            f"allowed: {', '.join(oidc.algorithms)}."
        )
    if "crit" in head:
        raise InvalidToken("crit: extensions of tokens are not known here.")
    if kid is not None and not isinstance(kid, str):
        raise InvalidToken("kid: must be a string.")
    return Head(algorithm, kid)


def key_for(head: Head, keys: Sequence[VerifyingKey]) -> VerifyingKey | None:
    """The key a token names, or the only one that can be meant where it names none."""
    fitting = [key for key in keys if key.verifies(head.algorithm) and head.kid in (None, key.kid)]
    return fitting[0] if len(fitting) == 1 or (fitting and head.kid) else None


def read_claims(token: str, head: Head, key: VerifyingKey, oidc: OIDC, *, now: float) -> Claims:
    """What a token says of its bearer, once everything about it was verified. Raises InvalidToken."""
    claims = _verified(token, head, key, oidc)
    expires_at = _moment(claims, "exp")
    if expires_at is None:
        raise InvalidToken("exp: a token must say when it expires.")
    if expires_at + oidc.leeway_seconds <= now:
        raise InvalidToken("The bearer token has expired.", code="expired_token")
    begins_at = _moment(claims, "nbf")
    if begins_at is not None and begins_at - oidc.leeway_seconds > now:
        raise InvalidToken("nbf: the bearer token is not good yet.")
    if oidc.scope is not None and oidc.scope not in _words(claims.get("scope", claims.get("scp"))):
        raise InvalidToken(f"scope: the bearer token lacks {oidc.scope!r}.")
    return _bearer(claims, oidc, expires_at)


def _verified(token: str, head: Head, key: VerifyingKey, oidc: OIDC) -> Mapping[str, object]:
    try:
        return jwt.decode(
            token,
            key.key,
            algorithms=[head.algorithm],
            audience=oidc.audience,
            issuer=oidc.issuer,
            options={
                "require": ["exp", "iss", "aud", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidAudienceError as error:
        raise InvalidToken("aud: the bearer token is for another audience.") from error
    except jwt.InvalidIssuerError as error:
        raise InvalidToken("iss: the bearer token is another issuer's.") from error
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"{error.claim}: the bearer token must have it.") from error
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidToken("The bearer token's signature is not that of its issuer.") from error


def _bearer(claims: Mapping[str, object], oidc: OIDC, expires_at: float) -> Claims:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise InvalidToken(f"sub: must have from 1 to {MAX_SUBJECT} characters.")
    email = claims.get("email")
    verified = isinstance(email, str) and "@" in email and claims.get("email_verified") is True
    names = (claims.get(claim) for claim in ("name", "preferred_username", "email", "sub"))
    name = next(name for name in names if isinstance(name, str) and name.strip())
    return Claims(
        subject=subject,
        email=str(email).strip().lower()[:254] if verified else None,
        name="".join(letter for letter in name if letter.isprintable()).strip()[:128] or subject,
        groups=frozenset(_words(claims.get(oidc.groups_claim))),
        expires_at=expires_at,
    )


def _moment(claims: Mapping[str, object], claim: str) -> float | None:
    value = claims.get(claim)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"{claim}: must be a number.")
    return float(value)


def _words(value: object) -> list[str]:
    """A claim that is a list of words, or one string with spaces between them."""
    if isinstance(value, str):
        return value.split()[:MAX_GROUPS]
    return [word for word in value[:MAX_GROUPS] if isinstance(word, str)] if isinstance(value, list) else []
