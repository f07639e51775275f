"""The ledger: holds before the first upstream byte, settles once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import msgspec
import structlog
from msgspec import structs

from providers.profiles import Profile
from service.ledger.bounds import NO_INPUT, Input, measure
from service.ledger.cost import Worst, cost, worst_case
from service.ledger.hold import Hold
from service.ledger.refusals import over_limit, refusal, worth_counting
from service.ledger.settling import OnSettled, Settlement, Settling
from service.ledger.terms import DEFAULT_OUTPUT_TOKENS, Quote, Terms, quote
from service.ledger.tokens import Count, count_tokens
from service.limits.tokens import NoTokenLimits, Reservation, TokenMeter
from service.store.ports import (
    AbandonedHold,
    Books,
    EndRun,
    HoldRefused,
    OpenHold,
    Settle,
    Taken,
    VoidHold,
)
from specs.errors import DragomanError, StoreUnavailable
from specs.events import RunStatus
from specs.prices import Rates
from specs.requests import ModelRequest
from specs.usage import Usage

__all__ = ["Hold", "Ledger", "Settlement", "Terms"]

Logged: TypeAlias = Callable[[str, int, int], Awaitable[str]]
"""What the log of a run has of the output of one attempt (run, step, attempt); empty where it has no log."""

LEASE_SECONDS = 45
TICK_SECONDS = 15
"""Between two rounds of renewing leases and sweeping."""
HOUSE_ALLOWANCE = 10**9
"""Nano-dollars the house pays for failed attempts of one key in a day: one dollar."""

log = structlog.get_logger()


class Ledger:
    """Holds and settles for this process, which `owner` names for as long as it lives."""

    def __init__(
        self,
        books: Books,
        *,
        owner: str,
        clock: Callable[[], float] = time.time,
        default_output_tokens: int = DEFAULT_OUTPUT_TOKENS,
        house_allowance: int = HOUSE_ALLOWANCE,
        on_settled: OnSettled | None = None,
        logged: Logged | None = None,
        tokens: TokenMeter | None = None,
    ) -> None:
        self._tokens = tokens or NoTokenLimits()
        self._logged = logged
        self.house_allowance = house_allowance
        self.settling = Settling(books, on_settled=on_settled)
        self.books = books
        self._owner = owner
        self._clock = clock
        self._default_output = default_output_tokens
        self._counting = asyncio.Semaphore(1)
        self._estimates: set[asyncio.Task[Settlement]] = set()

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())

    async def hold(self, terms: Terms, request: ModelRequest) -> Hold:
        """Hold what the request may cost, or as much of it as is worth a call.

        Raises InsufficientQuota when the balance is too small, BalanceOnHold when only other
        requests make it so, BudgetExhausted when the agent's limit is reached, InvalidKey when the
        key was revoked meanwhile, RateLimited when its tokens are used up, StoreUnavailable.
        """
        needs = measure(request, terms.profile)
        cap = request.settings.max_output_tokens if terms.cap_given else None
        reserved = self._tokens.reserve(terms.key, needs.guess + (cap or 0))
        if reserved is None:
            return await self._hold(terms, request, needs)
        try:
            return await self._hold(terms, request, needs, reserved)
        except BaseException:
            reserved.correct(0)
            raise

    async def _hold(
        self, terms: Terms, request: ModelRequest, needs: Input, reserved: Reservation | None = None
    ) -> Hold:
        worst = worst_case(terms.price, audio=needs.audio)
        sized = self._quote(terms, request, worst, needs.bound)
        taken = await self._take(terms, sized, needs)
        if isinstance(taken, HoldRefused):
            floor = worst.cost(needs.least_bound, sized.least_output)
            if worth_counting(sized, taken, floor=floor):
                counted = await self._count(needs.texts, terms)
                sized = self._quote(terms, request, worst, needs.bound_with(counted.bound))
                taken = await self._take(terms, sized, needs)
        if isinstance(taken, HoldRefused):
            raise refusal(terms, sized, taken)
        amount = taken.amount
        return Hold(
            self, terms, request, needs=needs, sized=sized, worst=worst, amount=amount, reserved=reserved
        )

    async def hold_units(self, terms: Terms, usage: Usage) -> Hold:
        """Hold what a known usage costs, whole or not at all; settle it as any other.

        Raises as `hold` does.
        """
        amount = cost(usage, terms.price.rates)
        sized = Quote(0, 0, 0, least=amount, most=amount)
        taken = await self._take(terms, sized, NO_INPUT)
        if isinstance(taken, HoldRefused):
            raise refusal(terms, sized, taken)
        request, worst = ModelRequest(terms.model, ()), worst_case(terms.price, audio=False)
        return Hold(self, terms, request, needs=NO_INPUT, sized=sized, worst=worst, amount=taken.amount)

    def end_run(self, run: str, *, status: RunStatus, error_code: str | None = None) -> Awaitable[bool]:
        """End a run; enqueued when this returns, after the settlements enqueued before."""
        return self.settling.end_run(EndRun(run, status, self.now(), error_code))

    async def recover(self) -> int:
        """At start, where no other process works on the database: settle what the last one left."""
        await self.books.expire_others(self._owner)
        return await self._settle_abandoned(stale=self.now() + 1)

    async def sweep(self) -> int:
        """Settle the open holds of runs whose process is gone, and end those runs; returns how many."""
        return await self._settle_abandoned(stale=self.now() - LEASE_SECONDS)

    async def _settle_abandoned(self, *, stale: int) -> int:
        """Sweep; of runs that have ended, settle the holds left open by those that ended before `stale`."""
        now = self.now()
        lease = now + LEASE_SECONDS
        found = await self.books.take_over(f"sweep:{self._owner}", now=now, lease_until=lease, stale=stale)
        usages = [await self._abandoned_usage(hold) for hold in found.holds]
        writes = [
            self.settling.settle(_abandoned_to_order(hold, usage, now))
            for hold, usage in zip(found.holds, usages, strict=True)
        ]
        ends = [self.settling.end_run(EndRun(run, "failed", now, "abandoned")) for run in found.runs]
        await asyncio.gather(*writes, *ends)
        if found.runs or found.holds:
            log.warning("ledger_swept", runs=len(found.runs), holds=len(found.holds))
        return len(found.runs)

    async def _abandoned_usage(self, hold: AbandonedHold) -> Usage:
        """What an attempt is charged for that nobody lived to settle: its input, as it was estimated, and
        what was written down of its output."""
        if not hold.input_tokens:  # of a model call it has some: this is a hold for pieces
            return Usage(input=0, output=0, units=_pieces_of(hold), estimated=True)
        usage = Usage(input=hold.input_tokens, estimated=True)
        written = await self._logged(hold.run, hold.step, hold.attempt) if self._logged else ""
        if not written:
            return usage
        async with self._counting:
            counted = await asyncio.to_thread(count_tokens, (written,), Profile())
        return structs.replace(usage, output=counted.guess)

    async def tick(self) -> None:
        """One round: keep our runs alive, write what is owed, sweep.

        Raises StoreUnavailable when the database does not work.
        """
        await self.books.renew_leases(self._owner, lease_until=self.now() + LEASE_SECONDS)
        await self.settling.make_up()
        await self.sweep()

    async def maintain(self) -> None:
        """Go round for ever; the process runs this beside its requests."""
        while True:
            try:
                await self.tick()
            except DragomanError as error:
                log.error("ledger_round_failed", code=error.code)
            await self._pause()

    async def _pause(self) -> None:
        """Wait for the next round; a second is enough while something is owed."""
        for _ in range(TICK_SECONDS):
            await asyncio.sleep(1)
            if self.settling.owed:
                return

    async def aclose(self) -> None:
        """Finish estimates under way, and try once more what is owed."""
        while self._estimates:
            await asyncio.wait(self._estimates)
        await self.settling.make_up()

    def _quote(self, terms: Terms, request: ModelRequest, worst: Worst, input_tokens: int) -> Quote:
        return quote(
            terms, request.settings, worst, input_tokens=input_tokens, default_output=self._default_output
        )

    async def _take(self, terms: Terms, sized: Quote, needs: Input) -> Taken:
        """Try once. A hold nobody waits for any more, or of unknown fate, is given back."""
        if over_limit(terms, sized):
            return HoldRefused("balance", available=terms.max_cost or 0)
        now = self.now()
        opening = self.books.open_hold(_terms_to_order(terms, sized, needs, owner=self._owner, now=now))
        try:
            return await opening
        except asyncio.CancelledError:
            self.settling.void(VoidHold(terms.run, terms.step, terms.attempt, now))
            raise
        except StoreUnavailable:
            self.settling.void_later(VoidHold(terms.run, terms.step, terms.attempt, now))
            raise

    async def _count(self, texts: tuple[str, ...], terms: Terms) -> Count:
        """Count in a thread, one at a time: it is work of whole CPUs."""
        async with self._counting:
            return await asyncio.to_thread(count_tokens, texts, terms.profile)

    async def estimate(self, usage: Usage | None, terms: Terms, needs: Input, output_text: str) -> Usage:
        """Fill in by counting what the provider did not say."""
        known = usage or Usage()
        input_tokens, output_tokens = known.input, known.output
        if input_tokens is None:
            input_tokens = needs.guess_with((await self._count(needs.texts, terms)).guess)
        if output_tokens is None:
            output_tokens = (await self._count((output_text,), terms)).guess if output_text else 0
        return structs.replace(known, input=input_tokens, output=output_tokens, estimated=True)

    def in_background(self, work: Coroutine[Any, Any, Settlement]) -> Awaitable[Settlement]:
        """Finish a settlement whoever stops waiting for it; `aclose` awaits what is left."""
        task = asyncio.create_task(work)
        self._estimates.add(task)
        task.add_done_callback(self._estimates.discard)
        return asyncio.shield(task)


def _terms_to_order(terms: Terms, sized: Quote, needs: Input, *, owner: str, now: int) -> OpenHold:
    rates = terms.price.rates_for(needs.guess)
    most = sized.most if terms.max_cost is None else min(sized.most, terms.max_cost)
    return OpenHold(
        run=terms.run,
        step=terms.step,
        attempt=terms.attempt,
        key=terms.key,
        account=terms.account,
        project=terms.project,
        agent=terms.agent,
        agent_version=terms.agent_version,
        api=terms.api,
        provider=terms.provider,
        model=terms.model,
        least=sized.least,
        most=most,
        input_tokens=needs.guess,
        rates=msgspec.json.encode(rates).decode(),
        owner=owner,
        lease_until=now + LEASE_SECONDS,
        now=now,
    )


def _pieces_of(hold: AbandonedHold) -> dict[str, int]:
    """What was held for by the piece: one of whatever the rates name."""
    return dict.fromkeys(msgspec.json.decode(hold.rates, type=Rates).units, 1)


def _abandoned_to_order(hold: AbandonedHold, usage: Usage, now: int) -> Settle:
    rates = msgspec.json.decode(hold.rates, type=Rates)
    return Settle(
        run=hold.run,
        step=hold.step,
        attempt=hold.attempt,
        cost=cost(usage, rates),
        usage=usage,
        rates=hold.rates,
        now=now,
    )
