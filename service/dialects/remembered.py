"""What was looked at before and found right: the tools of a caller are the same in request after request."""

from __future__ import annotations

from hashlib import sha256


class Remembered:
    """The newest pieces of JSON that were remembered, `most` of them. Only their digests are kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._digests: dict[bytes, None] = {}

    def __contains__(self, json: bytes) -> bool:
        """Whether it is one of them."""
        return sha256(json).digest() in self._digests

    def add(self, json: bytes) -> None:
        """Remember one, and forget the oldest where there are too many."""
        self._digests[sha256(json).digest()] = None
        if len(self._digests) > self._most:
            del self._digests[next(iter(self._digests))]
