"""How a key stands with the limits of a request it made: whether it is let in, and the headers that tell."""

from __future__ import annotations

from collections.abc import Callable

from service.limits.windows import Bucket, Window
from specs.errors import RateLimited

Headers = list[tuple[bytes, bytes]]


class Standing:
    """One request's place in its key's limits."""

    __slots__ = ("_clock", "_refused", "_requests", "_tokens")

    def __init__(
        self,
        *,
        requests: Bucket | None,
        tokens: Bucket | None,
        refused: Window | None,
        clock: Callable[[], float],
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._refused = refused
        self._clock = clock

    def check(self) -> None:
        """Raises RateLimited when the request came too soon."""
        if self._refused is not None:
            raise too_many(self._refused, self._clock(), what="requests")

    def headers(self) -> Headers:
        """The limits that apply, as OpenAI tells them; the tightest of each kind."""
        now = self._clock()
        found: Headers = []
        for name, bucket in ((b"requests", self._requests), (b"tokens", self._tokens)):
            if bucket is not None:
                window = bucket.tightest(now)
                found += (
                    (b"x-ratelimit-limit-" + name, b"%d" % window.most),
                    (b"x-ratelimit-remaining-" + name, b"%d" % window.remaining),
                    (b"x-ratelimit-reset-" + name, duration(_left(window, now)).encode()),
                )
        return found


def too_many(window: Window, now: float, *, what: str) -> RateLimited:
    """The refusal of a key whose window is full."""
    wait = max(0.0, window.until - now)
    words = window.rule.message or (
        f"This key has used its {number(window.most, what)} per {duration(window.rule.window)}. "
        f"Retry in {duration(wait)}."
    )
    return RateLimited(words, retry_after=wait)


def number(count: int, what: str) -> str:
    """A number of things, of one or of many."""
    return f"{count:,} {what.removesuffix('s') if count == 1 else what}"


def duration(seconds: float) -> str:
    """A stretch of time as OpenAI writes it: `6m0s`, `1.5s`, `12ms`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds / 1000, 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{round(rest, 3):g}s"
    if hours:
        return f"{hours}h{minutes}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail


def _left(window: Window, now: float) -> float:
    """How long until the window is whole again; nothing counted, nothing to wait for."""
    return window.until - now if window.used else 0.0
