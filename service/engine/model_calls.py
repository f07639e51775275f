"""The model calls of one run: each attempt holds before the first upstream byte and settles once,
whichever way it ends."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from msgspec import UNSET, Raw, UnsetType

from providers.base import Call, ModelStream, NewId
from service.engine.ports import OpenModel
from service.engine.targets import Target
from service.engine.witness import Witness
from service.ledger.bounds import byte_length
from service.ledger.holds import Hold, Ledger, Settlement, Terms
from specs.errors import BudgetExhausted, UpstreamError
from specs.events import Delta, Event, Finish, PartEnded, StepEnded, Warned, without_deltas
from specs.items import Part, part_text
from specs.requests import ModelRequest
from specs.usage import Usage

MakeTerms: TypeAlias = Callable[[Target, Call, int], Terms]
"""From where a call goes, which it is, and what the run has cost so far."""
MAX_BACKOFF = 2.0
"""Seconds; an upstream that asks for more is not waited for, its wish is passed on."""
FIRST_BACKOFF = 0.2
"""Seconds before the next attempt where the upstream named none."""


class ModelCalls:
    """Opens model calls for the loop and remembers what they came to."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        terms: MakeTerms,
        new_id: NewId,
        witness: Witness,
        unfollowed: Callable[[], bool],
        attempts: int = 2,
    ) -> None:
        """`unfollowed` tells whether nobody reads along just now."""
        self.witness = witness
        self._attempts = attempts
        self._ledger = ledger
        self._terms = terms
        self._new_id = new_id
        self._unfollowed = unfollowed
        self._made: defaultdict[int, int] = defaultdict(int)
        """Attempts so far, by step."""
        self._settlements: list[asyncio.Future[Settlement]] = []

    @property
    def tried(self) -> bool:
        """Whether any attempt was made: held for, and perhaps sent."""
        return bool(self._settlements)

    async def settled(self) -> list[Settlement]:
        """Wait until every attempt so far is in the books.

        Raises StoreUnavailable when one could not be written.
        """
        return [await settlement for settlement in self._settlements]

    @property
    def step(self) -> int:
        """The step under way."""
        return max(self._made, default=0)

    def at(self, target: Target, *, terms: MakeTerms | None = None) -> OpenModel:
        """Open calls of this model, on the run's terms where no others are given."""
        return partial(self._open, target, terms or self._terms)

    async def _open(
        self, target: Target, terms: MakeTerms, request: ModelRequest, *, step: int, first_item: int
    ) -> ModelStream:
        """Hold, then try; once more only while nothing was received.

        Raises InsufficientQuota, BalanceOnHold, StoreUnavailable, UpstreamError.
        """
        self.witness.asks(target.provider.name, target.model)
        for left in reversed(range(self._attempts)):
            self._made[step] += 1
            call = Call(step, self._made[step], first_item, self._new_id, self._unfollowed())
            try:
                return await self._attempt(target, terms, request, call)
            except UpstreamError as error:
                self.witness.attempt_failed(error, call)
                delay = FIRST_BACKOFF if error.retry_after is None else error.retry_after
                if not left or not error.retried or delay > MAX_BACKOFF:
                    raise
            await asyncio.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(
        self, target: Target, terms: MakeTerms, request: ModelRequest, call: Call
    ) -> ModelStream:
        spent = sum([settlement.cost for settlement in await self.settled()]) if self._settlements else 0
        hold = await self._ledger.hold(terms(target, call, spent), request)
        stream = PaidStream(hold, self.note, witness=self.witness, call=call)
        try:
            await stream.begin(await target.provider.open(hold.request, call))
        except asyncio.CancelledError:
            stream.abandon("cancelled")
            raise
        except BaseException:
            stream.abandon("error")
            raise
        return stream

    def next_attempt(self) -> tuple[int, int]:
        """The step under way, and the number of what is next paid for in it."""
        step = self.step
        self._made[step] += 1
        return step, self._made[step]

    def note(self, settlement: Awaitable[Settlement]) -> None:
        """Take in what something of this run came to."""
        self._settlements.append(asyncio.ensure_future(settlement))


class PaidStream:
    """A model stream whose cost is held, watched while it grows, and settled at its end."""

    def __init__(
        self, hold: Hold, settle: Callable[[Awaitable[Settlement]], None], *, witness: Witness, call: Call
    ) -> None:
        self._witness = witness
        self._call = call
        self._hold = hold
        self._settle = settle
        self._inner: ModelStream | None = None
        self._first: list[Event] | None = None
        self._parts: list[Part] = []
        self._growth_due = False
        self._settled = False

    async def begin(self, inner: ModelStream) -> None:
        """Receive the first batch: from then on the attempt counts as begun."""
        self._inner = inner
        first = await anext(inner, None)
        if first is not None:
            self._watch(first)
            if self._hold.lowered:
                first.append(self._lowered_warning())
            self._first = first

    def abandon(self, finish: Finish) -> None:
        """Nothing came of the attempt: give back its hold, or settle what the upstream reported."""
        self.close(finish)
        self._end(None, finish)

    def __aiter__(self) -> PaidStream:
        return self

    async def __anext__(self) -> list[Event]:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._growth_due and not await self._hold.extend():
            raise BudgetExhausted
        assert self._inner is not None
        try:
            batch = await self._inner.__anext__()
        except UpstreamError as error:
            self._witness.attempt_failed(error, self._call)
            raise
        self._watch(batch)
        return batch

    def _watch(self, batch: list[Event]) -> None:
        """Account a batch; afterwards we know whether the hold must grow before the next one."""
        for event in without_deltas(batch):
            if type(event) is PartEnded:
                self._parts.append(event.content)
            elif type(event) is StepEnded:
                self._end(event.usage, event.finish, event.raw_usage)
        grown = byte_length("".join([event.data for event in batch if type(event) is Delta]))
        if grown and self._witness.awaits_delta:
            self._witness.first_delta()
        self._growth_due = self._hold.saw(grown) and not self._settled

    def close(self, finish: Finish) -> list[Event]:
        """End what is open and settle; a second call gives nothing."""
        if self._inner is None:
            return []
        batch = self._inner.close(finish)
        self._watch(batch)
        return batch

    async def aclose(self) -> None:
        """Let go of the upstream connection."""
        if self._inner is not None:
            await self._inner.aclose()

    def _end(self, usage: Usage | None, finish: Finish, raw: Raw | UnsetType = UNSET) -> None:
        if not self._settled:
            self._settled = True
            failed = finish == "error"
            self._settle(self._hold.settle(usage, output_text=self._text, failed=failed, raw=raw))

    def _text(self) -> str:
        return "".join(part_text(part) for part in self._parts)

    def _lowered_warning(self) -> Warned:
        cap = self._hold.request.settings.max_output_tokens
        payer = "the balance" if self._hold.lowered_by == "balance" else "the agent's limit for a run"
        return Warned(f"max_output_tokens: lowered to {cap}, which {payer} can pay for", "max_output_tokens")
