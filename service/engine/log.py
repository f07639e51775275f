"""The log of a run: where the loop writes events and readers follow them.

A foreground run's events live here only until they are read. What is read late holds the writer
back (`room`), never another run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from specs.events import Delta, Event, without_deltas

EVENT_BYTES = 144
"""What an unread event is taken to weigh, besides the text of a delta."""
SHARE = 4
"""The log takes one part in so many of what may wait between a run and its reader; the rest is for what
was taken from it and is on its way to the socket."""
Taker: TypeAlias = Callable[[list[Event]], bool]
"""Says whether it saw to a batch."""


class Subscription:
    """One reader's place in a log."""

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._pending: list[Event] = []
        self.unread_bytes = 0
        """What the events that wait to be read weigh."""
        self._waiter: asyncio.Future[None] | None = None
        self._taker: Taker | None = None
        self.rests = False
        """Whether the reader wants the end alone, and no deltas."""
        self.closed = False
        """True once the run has ended or the reader has left; what is pending can still be read."""

    @property
    def finished(self) -> bool:
        """Whether nothing more can be read."""
        return self.closed and not self._pending

    @property
    def behind(self) -> int:
        """How many events wait to be read."""
        return len(self._pending)

    def push(self, batch: list[Event]) -> None:
        """Take in what the log got and wake the reader, unless its taker saw to the batch."""
        if self.rests:
            self._pending.extend(without_deltas(batch))
            return
        if self._taker is not None and self._sleeps and self._taker(batch):
            return
        self._pending.extend(batch)
        self.unread_bytes += weight_of(batch)
        self.wake()

    def hand(self, taker: Taker) -> None:
        """Offer each batch to `taker` first while the reader waits in `next`: it need not be woken for what
        is taken. Called from the run, so it must not raise."""
        self._taker = taker

    @property
    def _sleeps(self) -> bool:
        return self._waiter is not None and not self._waiter.done() and not self._pending

    def wake(self) -> None:
        """Let a waiting reader look again; `next` then gives what there is, perhaps nothing."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """End this subscription; the reader gets what is pending, then nothing more."""
        self.closed = True
        self._taker = None  # it refers back to the reader
        self._log.forget(self)
        self.wake()

    async def next(self) -> list[Event]:
        """Wait for events. Empty when woken without any, or when closed."""
        if not self._pending and not self.closed:
            await self._wait()
        return self._take()

    async def rest(self) -> list[Event]:
        """Wait for the end; give what is left without deltas. Who waits so is never behind."""
        self.rests = True
        waited = without_deltas(self._take())
        while not self.closed:
            await self._wait()
        return waited + self._take()

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _take(self) -> list[Event]:
        batch, self._pending = self._pending, []
        self.unread_bytes = 0
        self._log.read()
        return batch


class RunLog:
    """Append batches; every subscription sees each event once, in order."""

    def __init__(self, *, buffer_bytes: int = 64 * 1024) -> None:
        self._most_unread = buffer_bytes // SHARE
        self._subscriptions: list[Subscription] = []
        self._room: asyncio.Future[None] | None = None

    def subscribe(self) -> Subscription:
        """Follow from here on."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def append(self, batch: list[Event]) -> None:
        """Add events for every reader."""
        for subscription in self._subscriptions:
            subscription.push(batch)

    def close(self) -> None:
        """The run has ended: nothing more will come."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    def unfollowed(self) -> bool:
        """Whether nobody reads along: all want the end alone."""
        return all([subscription.rests for subscription in self._subscriptions])

    @property
    def full(self) -> bool:
        """Whether some reader is too far behind for more."""
        return any([subscription.unread_bytes > self._most_unread for subscription in self._subscriptions])

    async def room(self) -> None:
        """Wait until no reader is too far behind."""
        while self.full:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def read(self) -> None:
        """A reader has caught up: let the writer look again."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def forget(self, subscription: Subscription) -> None:
        """A reader has left."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
        self.read()


def weight_of(batch: list[Event]) -> int:
    """About how many bytes unread events take."""
    return EVENT_BYTES * len(batch) + sum([len(event.data) for event in batch if type(event) is Delta])
