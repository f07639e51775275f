"""What a `signature`, and the `data` of redacted thinking, hold: enough to restore a part of a reasoning
item that a client sends back, and to know where it came from.

The provider's own signature or sealed data travels inside, byte for byte. Nothing here is secret from
the caller or proof against the caller: what must not be altered, its provider has signed.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import assert_never

import msgspec
from msgspec import Struct

from specs.items import FunctionCall, Reasoning, ReasoningPart, Sealed, Summary, Thought

_PREFIX = "drgm1."
"""Ours, version 1."""
_CALL_PREFIX = "drgm1c."
"""The same, of a signature over a call."""


class Restored(Struct, frozen=True):
    """A part of a reasoning item, and which item."""

    item: Reasoning
    """Without its parts."""
    part: ReasoningPart


class _Payload(Struct, frozen=True, omit_defaults=True):
    id: str
    part: ReasoningPart
    """Without the text, which the block has; with it where that is not shown."""
    origin: str | None = None
    upstream_id: str | None = None


class SignedCall(Struct, frozen=True):
    """A provider's signature over a call. Blocks of calls have no place for one; it goes before them."""

    call_id: str
    signature: str


_decoder = msgspec.json.Decoder(_Payload)
_call_decoder = msgspec.json.Decoder(SignedCall)


def seal(item: Reasoning, part: ReasoningPart, *, with_text: bool) -> str:
    """Write what restores a part; empty where nothing is lost without.

    `with_text` puts the text of a thought inside: the block is not to show it.
    """
    if item.origin is None and not isinstance(part, Sealed) and not _signature(part):
        return ""
    kept = part if with_text else _without_text(part)
    payload = _Payload(item.id, kept, item.origin, item.upstream_id)
    return _PREFIX + urlsafe_b64encode(msgspec.json.encode(payload)).decode()


def restore_thinking(text: str, signature: str, *, new_id: str) -> Restored:
    """Restore a part from a block of thinking. A signature that is not ours is one of unknown origin."""
    payload = _payload(signature)
    if payload is None:
        return Restored(Reasoning(new_id), Thought(text, signature or None))
    match payload.part:
        case Thought(text=hidden, signature=signed):
            part = Thought(hidden or text, signed)
        case Summary(text=hidden):
            part = Summary(hidden or text)
        case Sealed() as part:
            pass
        case _:
            assert_never(payload.part)
    return Restored(_item(payload), part)


def restore_redacted(data: str, *, new_id: str) -> Restored:
    """Restore a part from a block of redacted thinking."""
    payload = _payload(data)
    if payload is None:
        return Restored(Reasoning(new_id), Sealed(data))
    return Restored(_item(payload), payload.part)


def seal_call(call: FunctionCall) -> str | None:
    """Write what restores a call's signature, as the data of redacted thinking; None where there is none."""
    if call.signature is None:
        return None
    payload = SignedCall(call.call_id, call.signature)
    return _CALL_PREFIX + urlsafe_b64encode(msgspec.json.encode(payload)).decode()


def restore_call(data: str) -> SignedCall | None:
    """The signature in the data of redacted thinking; None where it is something else."""
    if not data.startswith(_CALL_PREFIX):
        return None
    try:
        return _call_decoder.decode(urlsafe_b64decode(data[len(_CALL_PREFIX) :]))
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        return None


def _item(payload: _Payload) -> Reasoning:
    return Reasoning(payload.id, origin=payload.origin, upstream_id=payload.upstream_id)


def _signature(part: ReasoningPart) -> str | None:
    return part.signature if isinstance(part, Thought) else None


def _without_text(part: ReasoningPart) -> ReasoningPart:
    match part:
        case Thought():
            return Thought(signature=part.signature)
        case Summary():
            return Summary()
        case Sealed():
            return part
        case _:
            assert_never(part)


def _payload(sealed: str) -> _Payload | None:
    if not sealed.startswith(_PREFIX):
        return None
    try:
        return _decoder.decode(urlsafe_b64decode(sealed[len(_PREFIX) :]))
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        return None
