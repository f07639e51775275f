"""One hold: the cap that goes upstream, growing with the stream, and its one settlement."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec
import structlog
from msgspec import UNSET, Raw, UnsetType, structs

from service.ledger.bounds import Input
from service.ledger.cost import Worst, clamp, cost
from service.ledger.settling import Settlement
from service.ledger.terms import Quote, Terms
from service.limits.tokens import Reservation
from service.store.ports import ExtendHold, Settle, VoidHold
from specs.requests import ModelRequest
from specs.usage import Usage, mismatches

if TYPE_CHECKING:
    from service.ledger.holds import Ledger

GROWTH_TOKENS = 8_192
"""Output tokens a hold grows by while a stream goes on."""
GROWTH_LEAST = 1_024
"""A hold is due to grow when it pays for so few more, and does not grow by less."""
STREAM_BYTES_PER_TOKEN = 2
"""Output is taken for as many tokens as it has pairs of bytes: what models write has more to a token."""

log = structlog.get_logger()


class Hold:
    """Money held for one attempt. Made by `Ledger.hold`; `settle` or `void` it exactly once."""

    def __init__(
        self,
        ledger: Ledger,
        terms: Terms,
        request: ModelRequest,
        *,
        needs: Input,
        sized: Quote,
        worst: Worst,
        amount: int,
        reserved: Reservation | None = None,
    ) -> None:
        self._reserved = reserved
        self.terms = terms
        self.amount = amount
        """Nano-dollars held now."""
        self.needs = needs
        self.lowered_by = _lowered_by(terms, sized, amount)
        """What lowered the output cap: the balance, or the agent's limit for the run."""
        self.request = request
        """The request to send: with the cap that the hold pays for, where one is imposed."""
        self._ledger = ledger
        self._sized = sized
        self._worst = worst
        self._seen = 0
        self._due: float = math.inf
        if self.lowered_by is not None:
            cap = worst.output_for(amount, sized.input)
            self.request = structs.replace(
                request, settings=structs.replace(request.settings, max_output_tokens=cap)
            )
        elif not terms.cap_given:
            self._due = self._next_growth()

    @property
    def lowered(self) -> bool:
        """Whether the output cap in `request` is lower than was asked for."""
        return self.lowered_by is not None

    def saw(self, number: int) -> bool:
        """Account that many more UTF-8 bytes of output; True when `extend` is due."""
        self._seen += number
        return self._seen > self._due

    async def extend(self) -> bool:
        """Let the hold grow with its stream; False when nothing pays for more output.

        Raises StoreUnavailable.
        """
        terms = self.terms
        most = self._worst.cost(0, GROWTH_TOKENS)
        if terms.max_cost is not None:
            most = min(most, terms.max_cost - self.amount)
        least = self._worst.cost(0, GROWTH_LEAST)
        if least > most:
            return False
        order = ExtendHold(terms.run, terms.step, terms.attempt, least, most)
        taken = await self._ledger.books.extend_hold(order)
        self.amount += taken
        self._due = self._next_growth()
        return taken > 0

    def settle(
        self,
        usage: Usage | None,
        *,
        output_text: Callable[[], str],
        failed: bool,
        raw: Raw | UnsetType = UNSET,
    ) -> Awaitable[Settlement]:
        """Settle what the attempt came to. Written, or being counted, when this returns.

        Without a usage, or with half of one, the rest is counted and marked estimated. The house
        pays for a failed attempt, and only what its provider reported; `raw` is kept for audits.
        """
        settled = self._settle(usage, output_text, failed=failed, raw=raw)
        if self._reserved is None:
            return settled
        settlement = asyncio.ensure_future(settled)
        settlement.add_done_callback(partial(_correct, self._reserved))
        return settlement

    def _settle(
        self, usage: Usage | None, output_text: Callable[[], str], *, failed: bool, raw: Raw | UnsetType
    ) -> Awaitable[Settlement]:
        if usage is None and failed:
            return self._ledger.settling.settle_nothing(self._void_order())
        if usage is not None and (failed or (usage.input is not None and usage.output is not None)):
            return self._write(usage, failed=failed, raw=raw)
        return self._ledger.in_background(self._count_and_write(usage, output_text(), raw=raw))

    def void(self) -> Awaitable[bool]:
        """Give the hold back: nothing billable came of the attempt."""
        if self._reserved is not None:
            self._reserved.correct(0)
        return self._ledger.settling.void(self._void_order())

    def _void_order(self) -> VoidHold:
        return VoidHold(self.terms.run, self.terms.step, self.terms.attempt, self._ledger.now())

    async def _count_and_write(
        self, usage: Usage | None, output_text: str, *, raw: Raw | UnsetType
    ) -> Settlement:
        counted = await self._ledger.estimate(usage, self.terms, self.needs, output_text)
        return await self._write(counted, failed=False, raw=raw)

    def _write(self, usage: Usage, *, failed: bool, raw: Raw | UnsetType) -> Awaitable[Settlement]:
        terms = self.terms
        fair = clamp(usage)
        rates = terms.price.rates_for(fair.input or 0)
        self._alarm(usage, fair, fair.units.keys() - rates.units.keys())
        order = Settle(
            run=terms.run,
            step=terms.step,
            attempt=terms.attempt,
            cost=cost(fair, rates),
            usage=fair,
            rates=msgspec.json.encode(rates).decode(),
            now=self._ledger.now(),
            raw=bytes(raw).decode() if isinstance(raw, Raw) else None,
            house_allowance=self._ledger.house_allowance if failed else None,
        )
        return self._ledger.settling.settle(order)

    def _alarm(self, usage: Usage, fair: Usage, unpriced: set[str]) -> None:
        """Tell the operator of numbers that cannot be right and of units nobody gave a price."""
        terms = self.terms
        where = {"run": terms.run, "provider": terms.provider, "model": terms.model}
        if fair != usage:
            log.error("ledger_usage_mismatch", **where, found=mismatches(usage))
        if unpriced:
            log.error("ledger_unit_unpriced", **where, units=sorted(unpriced))

    def _next_growth(self) -> float:
        """The bytes of output at which the hold is to grow; never where the model ends before."""
        pays_for = self._worst.output_for(self.amount, self._sized.input)
        longest = self.terms.profile.max_output_tokens
        if pays_for is None or (longest is not None and pays_for >= longest):
            return math.inf
        return (pays_for - GROWTH_LEAST) * STREAM_BYTES_PER_TOKEN


def _correct(reserved: Reservation, settled: asyncio.Future[Settlement]) -> None:
    """Count the tokens that were used; what could not be written keeps what was reserved."""
    if not settled.cancelled() and settled.exception() is None:
        usage = settled.result().usage
        reserved.correct((usage.input or 0) + (usage.output or 0))


def _lowered_by(terms: Terms, sized: Quote, amount: int) -> Literal["balance", "limit"] | None:
    if amount >= sized.most:
        return None
    return "limit" if amount == terms.max_cost else "balance"
