"""What is kept of a leg of a run on a thread; see `service.engine.keeper.WrittenKeeper`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from service.ids import minted_at, response_id
from service.store.state_records import KeepTurn
from service.store.thread_ports import LegEnding, LegOrder
from specs.events import RunCreated, RunEnded
from specs.fold import ModelTurn
from specs.items import Item
from specs.legs import leg_end
from specs.threads import Leg


class LegKeeper:
    """Keeps one leg: in its thread, not as a turn of its own."""

    def __init__(self, leg: Leg, *, now: Callable[[], int]) -> None:
        self._leg = leg
        self._now = now

    def opening(self, created: RunCreated) -> KeepTurn:
        """The run begins, or goes on with what its caller gave."""
        return self._order(self._leg)

    def ending(
        self,
        created: RunCreated,
        ended: RunEnded,
        items: tuple[Item, ...],
        turns: Sequence[ModelTurn] = (),
    ) -> KeepTurn:
        """The thread grows by what the leg put out; the run ends, or waits for its caller."""
        run = self._leg.run
        end = leg_end(run, items, turns, ended, moment=partial(minted_at, near=created.created_at))
        used = msgspec.json.encode(ended.usage).decode()
        return self._order(
            LegEnding(run=end.run, steps=end.steps, messages=end.messages, items=end.items, usage=used)
        )

    def _order(self, leg: LegOrder) -> KeepTurn:
        run = self._leg.run
        return KeepTurn(id=response_id(run.leg), project=run.project, run=run.leg, now=self._now(), leg=leg)
