"""What `encrypted_content` holds: enough to restore a reasoning item that a client sends back.

The provider's own sealed and signed parts travel inside, byte for byte. Nothing here is secret
from the caller or proof against the caller: what must not be altered, its provider has signed.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from msgspec import Struct

from specs.items import Reasoning, ReasoningPart, Sealed

_PREFIX = "drg1."
"""Ours, version 1. Upstreams' own strings never hold a dot this early."""


class _Payload(Struct, frozen=True, omit_defaults=True):
    parts: tuple[ReasoningPart, ...]
    origin: str | None = None
    upstream_id: str | None = None


_decoder = msgspec.json.Decoder(_Payload)


def seal(item: Reasoning) -> str:
    """Write what restores the item."""
    payload = _Payload(item.content, item.origin, item.upstream_id)
    return _PREFIX + urlsafe_b64encode(msgspec.json.encode(payload)).decode()


def unseal(sealed: str, *, id: str) -> Reasoning:
    """Restore an item. A string that is not ours comes back as sealed by an unknown origin."""
    payload = _payload(sealed)
    if payload is None:
        return Reasoning(id, (Sealed(sealed),))
    return Reasoning(id, payload.parts, origin=payload.origin, upstream_id=payload.upstream_id)


def is_ours(sealed: str) -> bool:
    """Whether `seal` wrote it."""
    return _payload(sealed) is not None


def _payload(sealed: str) -> _Payload | None:
    if not sealed.startswith(_PREFIX):
        return None
    try:
        return _decoder.decode(urlsafe_b64decode(sealed[len(_PREFIX) :]))
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        return None
