"""The only agentic loop: model call, tool calls, model call, until the run is finished, wants its
caller, or meets a limit. It knows no HTTP, no SQL and no ledger: `open_model` holds and settles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec import structs

from service.engine.approvals import Asking
from service.engine.approved import make_approved
from service.engine.choice import ToolChoiceKeeper
from service.engine.citing import Citations
from service.engine.context import context_of, with_offered_names
from service.engine.hosted import HostedCalls
from service.engine.listing import list_tools
from service.engine.log import RunLog
from service.engine.outcome import INCOMPLETE_REASONS, TOO_MANY_CALLS, Outcome
from service.engine.ports import OpenModel
from service.engine.step import Step
from service.tools.base import ToolSet
from specs.agents import Limits
from specs.contexts import grown
from specs.errors import BudgetExhausted
from specs.events import Event, Finish, RunPaused
from specs.fold import Fold
from specs.items import FunctionCall
from specs.requests import ModelRequest, RunRequest


class Loop:
    """One run of one agent. `run` writes every event but `RunCreated` and `RunEnded` to the log."""

    def __init__(
        self,
        request: RunRequest,
        *,
        model: str,
        limits: Limits,
        open_model: OpenModel,
        tools: ToolSet,
        log: RunLog,
        abandoned: Callable[[], bool],
        asking: Asking | None = None,
    ) -> None:
        """`asking` is None where the caller cannot be asked for approvals."""
        self._asking = asking
        self.fold = Fold()
        self._request = request
        self._model = model
        self._limits = limits
        self._open_model = open_model
        self._tools = tools
        self._log = log
        self._abandoned = abandoned
        self._tool_calls = 0
        self._citations = Citations() if tools.definitions else None
        self._choice = ToolChoiceKeeper(request, is_hosted=lambda name: tools.known(name) is not None)

    def run(self) -> Coroutine[Any, Any, Outcome]:
        """Go on until there is an outcome.

        Raises DragomanError when a model call fails; what was open has been ended by then.
        """
        return self._run_with_servers() if self._tools.servers else self._run()

    async def _run_with_servers(self) -> Outcome:
        """Ask the servers for their tools first, and let go of them in the end."""
        try:
            await list_tools(
                self._tools, seen=self._request.items, first_item=self.fold.next_index, emit=self._emit
            )
            items = with_offered_names(self._request.items, self._tools)
            self._request = structs.replace(self._request, items=items)
            return await self._run()
        finally:
            await self._tools.aclose()

    async def _run(self) -> Outcome:
        self._emit(self._choice.settle(self._tools))
        if self._asking is not None and self._asking.granted:
            outcome = await self._make_approved(self._asking)
            if outcome is not None:
                return outcome
        for number in range(self._limits.max_steps):
            hosted = HostedCalls(self._tools, step=number)
            asked = None if self._asking is None else self._asking.watch(self._tools)
            step = Step(self._choice.watch(), asked, hosted, first_item=self.fold.next_index)
            warned = len(self.fold.warnings)
            try:
                finish = await self._call_model(number, step)
            except BudgetExhausted as error:
                return Outcome("incomplete", "length", error.code)
            forced = all(warning.param != "tool_choice" for warning in self.fold.warnings[warned:])
            outcome = await self._after_step(finish, step, forced=forced)
            if outcome is not None:
                return outcome
            if self._abandoned():
                return Outcome("cancelled", "cancelled")
        return Outcome("incomplete", "length", "max_steps")

    async def _call_model(self, number: int, step: Step) -> Finish:
        stream = await self._open_model(self._model_request(), step=number, first_item=step.first_item)
        try:
            async for batch in stream:
                self._emit(step.rewrite(batch))
                if self._log.full:
                    await self._log.room()
        except BudgetExhausted:
            self._emit(step.rewrite(stream.close("length")))
            raise
        except asyncio.CancelledError:
            self._emit(step.rewrite(stream.close("cancelled")))
            raise
        except BaseException:
            self._emit(step.rewrite(stream.close("error")))
            raise
        finally:
            await stream.aclose()
        return self.fold.finish or "other"

    async def _after_step(self, finish: Finish, step: Step, *, forced: bool) -> Outcome | None:
        """`forced` is whether the provider could make the model call a tool where it had to."""
        hosted = step.hosted
        if finish in INCOMPLETE_REASONS:
            self._give_up(hosted)
            return Outcome("incomplete", finish, INCOMPLETE_REASONS[finish])
        theirs = self.fold.calls_since(step.first_item)
        if hosted.calls and not await self._run_tools(hosted):
            return TOO_MANY_CALLS
        asked = step.asked
        if asked and self._asking is not None:
            self._emit(step.requests(self._asking, self._tools, first_item=self.fold.next_index))
        if theirs or asked:
            return self._pause(theirs, asked)
        if hosted.calls:
            self._choice.called()
            return None
        if self._choice.goes_on(step.permitted, after=self.fold.items, trusted=forced):
            return None
        return Outcome("completed", "stop" if step.permitted.refused else finish)

    def _pause(self, theirs: tuple[FunctionCall, ...], asked: tuple[FunctionCall, ...]) -> Outcome:
        """Wait for the caller: a run goes on as another one."""
        paused = [RunPaused("outputs", theirs)] if theirs else []
        self._emit([*paused, RunPaused("approval", asked)] if asked else [*paused])
        return Outcome("completed", "tool_calls")

    async def _make_approved(self, asking: Asking) -> Outcome | None:
        """Make the calls that the caller has approved."""
        self._tool_calls += len(asking.granted)
        if self._too_many_calls:
            return TOO_MANY_CALLS
        again = await make_approved(
            asking,
            self._tools,
            may_call=self._choice.take_hosted,
            first_item=self.fold.next_index,
            emit=self._emit,
        )
        return self._pause((), again) if again else None

    @property
    def _too_many_calls(self) -> bool:
        limit = self._limits.max_tool_calls
        return limit is not None and self._tool_calls > limit

    async def _run_tools(self, hosted: HostedCalls) -> bool:
        """Run the step's hosted calls together; False when that is more than the limit allows."""
        self._tool_calls += len(hosted.calls)
        if self._too_many_calls:
            self._give_up(hosted)
            return False

        async def run_one(index: int, call: FunctionCall) -> None:
            outcome = hosted.refusal(call) or await self._tools.call(call)
            self._emit(hosted.finished(index, outcome))

        try:
            async with asyncio.TaskGroup() as group:
                for index, call in hosted.calls.items():
                    group.create_task(run_one(index, call))
        finally:
            self._give_up(hosted)
        return True

    def _give_up(self, hosted: HostedCalls) -> None:
        """End what no tool will answer any more."""
        self._emit(hosted.unfinished())

    def _emit(self, batch: list[Event]) -> None:
        if batch:
            if self._citations is not None:
                batch = self._citations.rewrite(batch)
            self.fold.feed(batch)
            self._log.append(batch)

    def _model_request(self) -> ModelRequest:
        request = self._request
        return ModelRequest(
            model=self._model,
            items=context_of(grown(request.items, self._choice.context(self.fold.items))),
            instructions=request.instructions,
            tools=(*request.tools, *self._tools.definitions),
            tool_choice=self._choice.choice,
            settings=request.settings,
            instruction_marks=request.instruction_marks,
        )
