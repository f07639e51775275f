"""Model calls that a run's tools ask for: held, settled and limited like its own, and shown to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from service.engine.ports import OpenModel
from service.ids import new_id
from service.tools.sampler import Question, Reply
from specs.errors import BudgetExhausted
from specs.events import Event, StepStarted
from specs.fold import Fold
from specs.items import Message, plain_text
from specs.requests import ModelRequest, Settings


class RunSampler:
    """See `service.tools.sampler.Sampler`."""

    def __init__(
        self, opener: Callable[[], OpenModel], step: Callable[[], int], *, model: str, ceiling: int | None
    ) -> None:
        """`step` tells which step is under way, `ceiling` is the most output tokens the agent allows."""
        self._opener = opener
        self._step = step
        self._model = model
        self._ceiling = ceiling
        self._turn = asyncio.Lock()

    async def ask(self, question: Question) -> Reply:
        """Have it answered, by further attempts of the step under way: one after the other, so that each
        knows what those before it left of the agent's limits."""
        async with self._turn:
            return await self._answered(question)

    async def _answered(self, question: Question) -> Reply:
        told, model = Fold(), self._model
        stream = await self._opener()(self._request(question), step=self._step(), first_item=0)
        try:
            async for batch in stream:
                model = _serving(batch) or model
                told.feed(batch)
        except BudgetExhausted:
            told.feed(stream.close("length"))
        except BaseException:
            stream.close("cancelled")
            raise
        finally:
            await stream.aclose()
        said = (plain_text(item.content) for item in told.items if isinstance(item, Message))
        return Reply("".join(said), model, told.finish or "other")

    def _request(self, question: Question) -> ModelRequest:
        most = question.max_output_tokens
        if self._ceiling is not None:
            most = min(most, self._ceiling)
        settings = Settings(temperature=question.temperature, max_output_tokens=most, stop=question.stop)
        items = tuple(Message(new_id("msg"), each.role, each.content) for each in question.messages)
        return ModelRequest(self._model, items, question.instructions, settings=settings)


def _serving(batch: list[Event]) -> str | None:
    """The model that answers, where the batch tells."""
    return next((event.model for event in batch if isinstance(event, StepStarted)), None)
