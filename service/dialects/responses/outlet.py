"""`Outlet`: where the events of one response are numbered, and padded where that was asked for."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from service.dialects.padding import obfuscation


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

    def padding(self, number: int, delta: str) -> str | UnsetType:
        """The `obfuscation` of a delta: hides its length, and is the same when the stream is replayed."""
        if not self._padded:
            return UNSET
        return obfuscation(self._response_id, number, delta)

    def take(self) -> list[Struct]:
        """Give the events since the last call."""
        events, self.events = self.events, []
        return events
