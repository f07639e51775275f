"""The auth of an action that an agent brings along: sealed wherever it lies."""

from __future__ import annotations

from base64 import b64decode, b64encode

import msgspec

from service.secrets import Sealer, Unsealable
from specs.actions import Auth
from specs.secret import Secret


def seal_auth(auth: Auth | None, sealer: Sealer, *, about: str) -> str:
    """The auth as it may lie anywhere; "" for none. Raises BadKeyFile."""
    if auth is None:
        return ""
    return b64encode(sealer.seal(_encoder.encode(auth), about=about)).decode()


def open_auth(sealed: str, sealer: Sealer, *, about: str) -> Auth | None:
    """What `seal_auth` sealed. Raises Unsealable where it was sealed for something else, BadKeyFile."""
    if not sealed:
        return None
    try:
        return _decoder.decode(sealer.open(b64decode(sealed, validate=True), about=about))
    except (ValueError, msgspec.DecodeError) as error:
        raise Unsealable from error


def _to_clear(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(type(value).__name__)


def _to_secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(kind.__name__)


_encoder = msgspec.json.Encoder(enc_hook=_to_clear)
_decoder = msgspec.json.Decoder(Auth, dec_hook=_to_secret)
