"""What a run pays beside its model calls: a hold for each piece, written down like an attempt of the step
that asked for it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from providers.profiles import Profile
from service.ledger.cost import cost
from service.ledger.holds import Hold, Ledger, Terms
from specs.prices import Price, Rates
from specs.usage import Usage

if TYPE_CHECKING:
    from service.engine.model_calls import ModelCalls
    from service.engine.run import Run
    from service.tools.purse import Piece

_NOTHING = Decimal()


class RunPurse:
    """See `service.tools.purse.Purse`."""

    def __init__(self, run: Run, calls: ModelCalls, ledger: Ledger) -> None:
        self._run = run
        self._calls = calls
        self._ledger = ledger
        self._held = 0
        """Nano-dollars of pieces that are under way: they count against the agent's limit too."""

    async def hold(self, piece: Piece) -> PieceCharge:
        """Hold what a piece costs. Raises DragomanError."""
        usage = Usage(input=0, output=0, units={piece.unit: 1})
        price = Price(piece.source, piece.name, Rates(_NOTHING, _NOTHING, units={piece.unit: piece.usd}))
        amount = cost(usage, price.rates)
        others, self._held = self._held, self._held + amount
        try:
            spent = others + sum(settlement.cost for settlement in await self._calls.settled())
            held = await self._ledger.hold_units(self._terms(price, spent), usage)
        except BaseException:
            self._held -= amount
            raise
        return PieceCharge(self, held, usage, amount)

    def resolved(self, charge: PieceCharge, usage: Usage | None) -> None:
        """Settle what was had, or give the hold back; enqueued when this returns."""
        self._held -= charge.amount
        self._calls.note(charge.hold.settle(usage, output_text=str, failed=usage is None))

    def _terms(self, price: Price, spent: int) -> Terms:
        run, caller = self._run, self._run.caller
        limit = run.agent.limits.max_cost
        step, attempt = self._calls.next_attempt()
        return Terms(
            run=run.id,
            step=step,
            attempt=attempt,
            key=caller.key,
            key_name=caller.key_name,
            account=caller.account,
            project=caller.project,
            agent=run.agent.id,
            agent_version=run.agent.version,
            api=run.api,
            provider=price.provider,
            model=price.model,
            price=price,
            profile=Profile(),
            cap_given=False,
            min_output_tokens=0,
            max_cost=None if limit is None else max(0, limit - spent),
        )


class PieceCharge:
    """See `service.tools.purse.Charge`; a second end does nothing."""

    def __init__(self, purse: RunPurse, hold: Hold, usage: Usage, amount: int) -> None:
        self.hold = hold
        self.amount = amount
        self._purse = purse
        self._usage = usage
        self._open = True

    def settle(self) -> None:
        """Pay for the piece."""
        self._end(self._usage)

    def give_back(self) -> None:
        """Pay nothing."""
        self._end(None)

    def _end(self, usage: Usage | None) -> None:
        if self._open:
            self._open = False
            self._purse.resolved(self, usage)
