"""A small OpenID Connect issuer on a real socket: it signs what a test wants, and turns its keys."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.patience import PATIENCE

AUDIENCE = "dragoman"


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key pair of this name; the same one each time, as making one is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """A key pair of this name on the curve of ES256."""
    return ec.generate_private_key(ec.SECP256R1())


def jwk(kid: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, **more: Any) -> dict[str, Any]:
    """The public half as a JWKS lists it."""
    if isinstance(key, rsa.RSAPrivateKey):
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", **more}


def claims_of(subject: str, *, issuer: str, **more: Any) -> dict[str, Any]:
    """The claims of a good token; what is given as None is left out."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600, **more}
    return {name: value for name, value in claims.items() if value is not None}


class IssuerServer:
    """What it serves may be changed while it runs."""

    def __init__(self, base_url: str) -> None:
        self.url = base_url
        self.keys: list[dict[str, Any]] = [jwk("first", rsa_key("first")), jwk("curve", ec_key("curve"))]
        self.named = base_url
        """What its discovery document says it is."""
        self.down = False
        self.asked: list[str] = []

    def token(
        self,
        subject: str,
        *,
        kid: str | None = "first",
        key: Any = None,
        algorithm: str = "RS256",
        **more: Any,
    ) -> str:
        """A token it signed, or that somebody with another key pretends it did."""
        headers = {} if kid is None else {"kid": kid}
        signer = rsa_key(kid or "first") if key is None else key
        return jwt.encode(claims_of(subject, issuer=self.url, **more), signer, algorithm, headers)

    def answer(self, path: str) -> dict[str, Any] | None:
        """What is at a path."""
        self.asked.append(path)
        if self.down:
            return None
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.named, "jwks_uri": f"{self.url}/keys"}
        return {"keys": self.keys} if path == "/keys" else None


@contextmanager
def issuer_in_thread() -> Iterator[IssuerServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.answer(self.path)
            body = json.dumps(found).encode()
            self.send_response(503 if found is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = IssuerServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()
