"""Tokens per minute: reserved before a model call, put right when it is settled."""

from __future__ import annotations

from typing import Protocol

from service.limits.windows import Bucket, until_all


class Reservation:
    """Tokens counted in advance for one model call; `correct` it once."""

    __slots__ = ("_bucket", "_ends", "_number")

    def __init__(self, bucket: Bucket, number: int) -> None:
        self._bucket = bucket
        self._ends = until_all(bucket.windows)
        self._number = number

    def correct(self, used: int) -> None:
        """Count what was used instead. A window that began since then is charged only what is beyond."""
        more = used - self._number
        for window, end in zip(self._bucket.windows, self._ends, strict=True):
            if window.until == end or more > 0:
                window.used = max(0, window.used + more)
        self._number = used


class TokenMeter(Protocol):
    """What the ledger asks before it holds."""

    def reserve(self, key: str, tokens: int) -> Reservation | None:
        """Count the tokens a call may use; None where this key has no such limit.

        Raises RateLimited.
        """
        ...


class NoTokenLimits:
    """Counts nothing."""

    def reserve(self, key: str, tokens: int) -> Reservation | None:
        """Nothing is limited."""
        return None
