"""What is taken for a token of an issuer, and what is not: without a clock and a network."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from msgspec import Raw, structs

from service.http.oidc.tokens import Claims, Jwks, VerifyingKey, key_for, read_claims, read_head, read_keys
from service.settings.auth import OIDC
from specs.errors import InvalidToken
from tests.support.issuer import AUDIENCE, claims_of, ec_key, jwk, rsa_key

ISSUER = "https://login.example.com"
OIDC_SETTINGS = OIDC(issuer=ISSUER, audience=AUDIENCE)


def listed_keys(*keys) -> tuple[VerifyingKey, ...]:
    """What is read of a JWKS with these."""
    return read_keys(Jwks(tuple(Raw(json.dumps(key).encode()) for key in keys)))


KEYS = listed_keys(jwk("first", rsa_key("first")), jwk("curve", ec_key("curve")))


def token(*, kid: str | None = "first", key=None, algorithm: str = "RS256", headers=None, **claims) -> str:
    headers = {**({} if kid is None else {"kid": kid}), **(headers or {})}
    signer = rsa_key("first") if key is None else key
    return jwt.encode(claims_of("ann", issuer=ISSUER, **claims), signer, algorithm, headers)


def read(text: str, oidc: OIDC = OIDC_SETTINGS, *, now: float | None = None) -> Claims:
    head = read_head(text, oidc)
    key = key_for(head, KEYS)
    if key is None:
        raise InvalidToken("kid")
    return read_claims(text, head, key, oidc, now=time.time() if now is None else now)


def unsigned(algorithm: str) -> str:
    parts = ({"alg": algorithm, "typ": "JWT", "kid": "first"}, claims_of("ann", issuer=ISSUER))
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])


def public_pem() -> bytes:
    return (
        rsa_key("first")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def hmac_with_public_key() -> str:
    """Signed with the issuer's public key as if it were a shared secret."""
    import hashlib
    import hmac

    parts = ({"alg": "HS256", "typ": "JWT", "kid": "first"}, claims_of("ann", issuer=ISSUER))
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    signed = b".".join(encoded)
    mac = base64.urlsafe_b64encode(hmac.new(public_pem(), signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + mac).decode()


def test_a_good_token_says_who_bears_it():
    found = read(token(email="Ann@Example.com", email_verified=True, name="Ann", groups=["a", "b"]))
    assert (found.subject, found.email, found.name) == ("ann", "ann@example.com", "Ann")
    assert found.groups == {"a", "b"}


@pytest.mark.parametrize("verified", [None, False, "true"])
def test_an_address_that_is_not_verified_is_none(verified):
    assert read(token(email="ann@example.com", email_verified=verified)).email is None


@pytest.mark.parametrize(
    ("kid", "key", "algorithm"),
    [
        ("first", rsa_key("first"), "RS256"),
        ("first", rsa_key("first"), "PS256"),
        ("curve", ec_key("curve"), "ES256"),
        (None, ec_key("curve"), "ES256"),
    ],
)
def test_each_signature_that_is_allowed_is_taken(kid, key, algorithm):
    assert read(token(kid=kid, key=key, algorithm=algorithm)).subject == "ann"


@pytest.mark.parametrize(
    "made",
    [
        lambda: unsigned("none"),
        lambda: unsigned("None"),
        lambda: unsigned("RS256"),
        lambda: hmac_with_public_key(),
        lambda: token(key=rsa_key("stranger")),
        lambda: token(kid="unknown", key=rsa_key("stranger")),
        lambda: token(kid="curve", key=rsa_key("first")),
        lambda: token(algorithm="RS512"),
        lambda: token(headers={"crit": ["b64"], "b64": True}),
        lambda: token(aud="others"),
        lambda: token(aud=["others", "more"]),
        lambda: token(aud=None),
        lambda: token(iss="https://evil.example.com"),
        lambda: token(iss=f"{ISSUER}/"),
        lambda: token(iss=None),
        lambda: token(sub=None),
        lambda: token(sub=""),
        lambda: token(sub="x" * 300),
        lambda: token(exp=None),
        lambda: token(nbf=int(time.time()) + 600),
        lambda: "ey.ey.ey",
        lambda: "eyJ.." + "A" * 10,
        lambda: "..",
        lambda: "a.b.c",
        lambda: token()[:-4] + "AAAA",
        lambda: token().replace(".", ".A", 1),
    ],
)
def test_what_is_no_good_token_is_refused(made):
    with pytest.raises(InvalidToken) as refused:
        read(made())  # made now: a token's times are counted from when it is made
    assert (refused.value.status, refused.value.code) == (401, "invalid_token")


def test_a_changed_claim_breaks_the_signature():
    head, _, signature = token().split(".")
    claims = json.dumps(claims_of("root", issuer=ISSUER)).encode()
    forged = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        read(f"{head}.{forged}.{signature}")


def test_an_expired_token_says_so_within_the_leeway_it_does_not():
    now = int(time.time())
    text = token(exp=now)
    assert read(text, now=now + 29).subject == "ann"
    with pytest.raises(InvalidToken) as refused:
        read(text, now=now + 30)
    assert refused.value.code == "expired_token"


@pytest.mark.parametrize(
    ("claims", "taken"),
    [
        ({"scope": "openid dragoman"}, True),
        ({"scp": ["dragoman"]}, True),
        ({"scope": "dragoman.read"}, False),
        ({}, False),
        ({"scope": 7}, False),
    ],
)
def test_a_scope_that_is_asked_for_must_be_there(claims, taken):
    oidc = structs.replace(OIDC_SETTINGS, scope="dragoman")
    if taken:
        assert read(token(**claims), oidc).subject == "ann"
    else:
        with pytest.raises(InvalidToken, match="scope"):
            read(token(**claims), oidc)


@pytest.mark.parametrize(
    "listed",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {"kty": "RSA", "kid": "first", "n": "AQAB"},
        jwk("first", rsa_key("first"), use="enc"),
        {"kid": "first"},
        "text",
    ],
)
def test_keys_that_cannot_verify_are_left_out(listed):
    assert listed_keys(listed) == ()


def test_a_short_key_verifies_nothing():
    (key,) = listed_keys(jwk("short", rsa_key("short", 1024)))
    assert not key.verifies("RS256")


def test_a_key_is_for_the_algorithm_its_issuer_names():
    (key,) = listed_keys(jwk("first", rsa_key("first"), alg="RS256"))
    assert key.verifies("RS256")
    assert not key.verifies("PS256")


def test_without_a_kid_the_only_fitting_key_is_meant_and_of_two_none():
    two = listed_keys(jwk("first", rsa_key("first")), jwk("second", rsa_key("second")))
    assert key_for(read_head(token(kid=None), OIDC_SETTINGS), two) is None
    assert key_for(read_head(token(kid=None), OIDC_SETTINGS), two[:1]) is two[0]
