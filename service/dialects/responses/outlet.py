"""`Outlet`: where the events of one response are numbered, and padded where that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from msgspec import UNSET, Struct, UnsetType

from service.dialects.padding import obfuscation
from specs.events import Delta


class Outlet:
    """Collects the wire events of one response, in order."""

    __slots__ = ("_padded", "_response_id", "_sequence", "events")

    def __init__(self, response_id: str, *, padded: bool) -> None:
        self.events: list[Struct] = []
        self._response_id = response_id
        self._padded = padded
        self._sequence = 0

    def number(self) -> int:
        """The next event's `sequence_number`."""
        number = self._sequence
        self._sequence = number + 1
        return number

    def numbered(self, deltas: list[Delta]) -> Iterable[tuple[int, Delta, str | UnsetType]]:
        """Deltas with their `sequence_number`, and the `obfuscation` that hides their length: it is the same
        when the stream is replayed."""
        numbers = range(self._sequence, self._sequence + len(deltas))
        self._sequence = numbers.stop
        paddings: Iterable[str | UnsetType] = repeat(UNSET)
        if self._padded:
            paddings = [
                obfuscation(self._response_id, number, delta.data)
                for number, delta in zip(numbers, deltas, strict=True)
            ]
        return zip(numbers, deltas, paddings, strict=False)

    def take(self) -> list[Struct]:
        """Give the events since the last call."""
        events, self.events = self.events, []
        return events
