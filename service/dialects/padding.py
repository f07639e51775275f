"""Padding that hides how long the deltas of a stream are from whoever counts bytes on the way."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

_BLOCK = 16
"""Deltas are padded to a multiple of this many characters."""


def obfuscation(answer_id: str, number: int, delta: str) -> str:
    """The padding of an answer's delta; the same when the stream is replayed."""
    noise = sha256(f"{answer_id}:{number}".encode()).digest()
    return urlsafe_b64encode(noise).decode()[: _BLOCK - len(delta) % _BLOCK]
