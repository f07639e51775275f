"""State: what a run goes on from is loaded before it starts, and what came of it is kept at its end.

A turn holds its own new input and its output. What went before is its parent's, or its conversation's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec
import structlog
from msgspec import Struct, structs

from service.engine.compact import Compactions, with_summaries
from service.engine.effective import whole_input, with_references
from service.ids import new_id, response_id
from service.store.state_ports import Conversations, Items, KeepTurn, ResponseRow, Responses
from specs.errors import Conflict, NotFound, PreviousResponseNotFound, StoreUnavailable
from specs.events import RunCreated, RunEnded
from specs.fold import ModelTurn
from specs.items import Item
from specs.requests import RunRequest
from specs.state import StateAsk
from specs.threads import Leg
from specs.usage import Usage

LOCK_SECONDS = 60
"""How long a conversation stays locked for a run that never got as far as to hold money."""
SWEEP_SECONDS = 60.0
SWEEP_BATCH = 200
"""Responses forgotten in one command."""
_DAY = 86_400
_UNFINISHED = ("queued", "in_progress")

log = structlog.get_logger()


class Remembered(Struct, frozen=True):
    """A turn that is held in memory, where nothing of it may be written down."""

    agent: str
    """What its caller wrote as `model`."""
    items: tuple[Item, ...]
    """All its input and output, that of the turns before included."""


class Prepared(Struct, frozen=True):
    """A request with all it goes on from, and the run it is meant for."""

    run: str
    """The id to give `Runs.start`."""
    request: RunRequest
    """With the whole context as its items, and the agent that is implied where none was named."""
    ask: StateAsk
    project: str
    context: tuple[Item, ...] = ()
    input: tuple[Item, ...] = ()
    """The new input alone."""
    upto: int | None = None
    """Of the conversation; see `KeepTurn`."""
    leg: Leg | None = None
    """Set where the run is a leg of one on a thread."""


class State:
    """Loads and keeps for the project whose key asks."""

    def __init__(
        self,
        *,
        items: Items,
        responses: Responses,
        conversations: Conversations,
        compactions: Compactions,
        retention_days: int = 30,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.responses = responses
        self.conversations = conversations
        self.items = items
        self.compactions = compactions
        self._retention = retention_days * _DAY
        self._clock = clock

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())

    async def prepare(
        self,
        request: RunRequest,
        ask: StateAsk,
        *,
        project: str,
        remembered: Mapping[str, Remembered] = MappingProxyType({}),
    ) -> Prepared:
        """Load what a request goes on from, `remembered` before what is stored. A conversation is locked
        from here until the run is kept, dropped, or `release`d.

        Raises PreviousResponseNotFound, NotFound, Conflict, InvalidRequest, StoreUnavailable.
        """
        request = self._with_summaries(request, ask, project)
        prepared = Prepared(new_id("run"), request, ask, project, input=request.items)
        if ask.references:
            prepared = structs.replace(prepared, input=await self._with_references(request, ask, project))
        if ask.previous is not None and ask.previous in remembered:
            prepared = _after_remembered(prepared, remembered[ask.previous])
        elif ask.previous is not None:
            prepared = await self._after_previous(prepared, ask.previous)
        elif ask.conversation is not None:
            prepared = await self._in_conversation(prepared, ask.conversation)
        try:
            items = whole_input(prepared.context, prepared.input, ask.results)
        except BaseException:
            self.release(prepared)
            raise
        return structs.replace(prepared, request=structs.replace(prepared.request, items=items))

    def _with_summaries(self, request: RunRequest, ask: StateAsk, project: str) -> RunRequest:
        if not ask.summaries:
            return request
        items = with_summaries(request.items, ask.summaries, compactions=self.compactions, project=project)
        return structs.replace(request, items=items)

    async def _with_references(self, request: RunRequest, ask: StateAsk, project: str) -> tuple[Item, ...]:
        ids = [reference.id for reference in ask.references]
        found = await self.items.find(project, ids)
        return with_references(request.items, ask.references, found)

    async def _after_previous(self, prepared: Prepared, previous: str) -> Prepared:
        row = await self.responses.row(prepared.project, previous, now=self.now())
        if row is None:
            raise PreviousResponseNotFound("No such response is stored here.", param="previous_response_id")
        if row.status in _UNFINISHED:
            raise Conflict("The previous response has not ended yet.", param="previous_response_id")
        context = await self.responses.context(prepared.project, previous)
        return _after_remembered(prepared, Remembered(row.agent, context))

    async def _in_conversation(self, prepared: Prepared, conversation: str) -> Prepared:
        now = self.now()
        found = await self.conversations.begin(
            prepared.project, conversation, run=prepared.run, now=now, until=now + LOCK_SECONDS
        )
        if found is None:
            raise NotFound("No such conversation is stored here.", param="conversation")
        return structs.replace(prepared, context=found.items, upto=found.upto)

    def release(self, prepared: Prepared) -> None:
        """Nothing comes of what was prepared: let others write to its conversation."""
        if prepared.upto is not None and prepared.ask.conversation is not None:
            released = self.conversations.release(prepared.ask.conversation, run=prepared.run)
            asyncio.ensure_future(released).add_done_callback(_logged)

    def keeper(self, prepared: Prepared, *, key: str, echo: str) -> TurnKeeper | None:
        """What keeps the run; None where nothing of it is kept. `echo` is the API's own, for `get`."""
        if not (prepared.ask.store or prepared.ask.conversation):
            return None
        return TurnKeeper(self, prepared, key=key, echo=echo, expires_after=self._retention)

    async def maintain(self) -> None:
        """Forget what is too old, for ever; the process runs this beside its requests."""
        while True:
            try:
                while await self.responses.expire(now=self.now(), limit=SWEEP_BATCH) == SWEEP_BATCH:
                    pass
            except StoreUnavailable:
                log.error("state_sweep_failed")
            await asyncio.sleep(SWEEP_SECONDS)


class TurnKeeper:
    """Keeps one run as a turn; see `service.engine.keeper.Keeper`."""

    def __init__(self, state: State, prepared: Prepared, *, key: str, echo: str, expires_after: int) -> None:
        self._state = state
        self._prepared = prepared
        self._key = key
        self._echo = echo
        self._expires_after = expires_after

    def opening(self, created: RunCreated) -> KeepTurn:
        """What to write down of a run that is queued: its response can be found from then on."""
        return self._order(self._row(created, None, status="queued"), (), ends=False)

    def keep(self, created: RunCreated, ended: RunEnded, items: tuple[Item, ...]) -> Awaitable[object]:
        """Write the turn down, and give its conversation back."""
        return self._state.responses.keep(self.ending(created, ended, items))

    def ending(
        self,
        created: RunCreated,
        ended: RunEnded,
        items: tuple[Item, ...],
        turns: Sequence[ModelTurn] = (),
    ) -> KeepTurn:
        """What to write down of a run that has ended."""
        row = self._row(created, ended, status=ended.status) if self._prepared.ask.store else None
        appends = ended.status in ("completed", "incomplete")
        return self._order(row, items, appends=appends)

    def drop(self, created: RunCreated, ended: RunEnded) -> Awaitable[object]:
        """Keep nothing."""
        if self._prepared.upto is None:
            return asyncio.sleep(0)
        return self._state.conversations.release(self._prepared.ask.conversation or "", run=created.run)

    def _order(
        self, row: ResponseRow | None, output: tuple[Item, ...], *, ends: bool = True, appends: bool = True
    ) -> KeepTurn:
        prepared = self._prepared
        return KeepTurn(
            id=response_id(prepared.run),
            project=prepared.project,
            run=prepared.run,
            now=self._state.now(),
            response=row,
            parent=prepared.ask.previous,
            upto=prepared.upto,
            conversation=prepared.ask.conversation,
            appends=appends,
            ends=ends,
            context=prepared.context,
            input=prepared.input,
            output=output,
        )

    def _row(self, created: RunCreated, ended: RunEnded | None, *, status: str) -> ResponseRow:
        prepared = self._prepared
        return ResponseRow(
            id=response_id(prepared.run),
            project=prepared.project,
            key=self._key,
            run=prepared.run,
            agent=prepared.request.agent,
            status=status,
            created_at=created.created_at,
            completed_at=None if ended is None else ended.completed_at,
            expires_at=created.created_at + self._expires_after,
            previous=prepared.ask.previous,
            conversation=prepared.ask.conversation,
            began=_json(began(created)),
            echo=self._echo,
            ended=None if ended is None else _json(structs.replace(ended, usage=Usage())),
        )


def _after_remembered(prepared: Prepared, before: Remembered) -> Prepared:
    """Go on from a turn; its agent goes on too where none is named."""
    request = prepared.request
    if not request.agent:
        request = structs.replace(request, agent=before.agent)
    return structs.replace(prepared, request=request, context=before.items)


def began(created: RunCreated) -> RunCreated:
    """The start of a run as it is kept: its settings, without what is kept elsewhere or is the agent's."""
    request = RunRequest(created.request.agent, (), settings=created.request.settings)
    return structs.replace(created, request=request)


def _json(event: RunCreated | RunEnded) -> str:
    return msgspec.json.encode(event).decode()


def _logged(released: asyncio.Future[None]) -> None:
    if not released.cancelled() and released.exception() is not None:
        log.warning("conversation_not_released")
