"""How many tokens all model calls of a run may take together: each gets what is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import structs

from providers.base import ModelStream
from providers.profiles import Profile
from service.engine.ports import OpenModel
from service.engine.truncate import droppable, estimate, room
from specs.errors import BudgetExhausted
from specs.requests import Allowance, ModelRequest
from specs.usage import Usage


class WithinAllowance:
    """An `OpenModel` that keeps to an allowance. `used` tells what the calls before came to."""

    def __init__(
        self,
        open_model: OpenModel,
        profile: Profile,
        allowance: Allowance,
        *,
        used: Callable[[], Awaitable[Usage]],
        tell: Callable[[str], None],
    ) -> None:
        self._open_model = open_model
        self._profile = profile
        self._allowance = allowance
        self._used = used
        self._tell = tell

    async def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        """Open a model call; see `OpenModel`.

        Raises BudgetExhausted, its code the limit that is met.
        """
        used = await self._used()
        request = capped(request, self._allowance.completion, used.output or 0)
        prompt = self._allowance.prompt
        left = None if prompt is None else prompt - (used.input or 0)
        fitting = self._fitting(request, left)
        if left is not None and estimate(fitting, self._profile) > left:
            raise BudgetExhausted(code="max_prompt_tokens")
        return await self._open_model(fitting, step=step, first_item=first_item)

    def _fitting(self, request: ModelRequest, left: int | None) -> ModelRequest:
        if not self._allowance.cuts_middle:
            return request
        fitting = without_middle(request, self._profile, left)
        gone = len(request.items) - len(fitting.items)
        if gone:
            self._tell(f"truncation_strategy: {gone} items in the middle of the thread were left out.")
        return fitting


def capped(request: ModelRequest, most: int | None, used: int) -> ModelRequest:
    """The request with what is left of so many output tokens as its cap.

    Raises BudgetExhausted where nothing is left.
    """
    if most is None:
        return request
    left = most - used
    if left <= 0:
        raise BudgetExhausted(code="max_completion_tokens")
    cap = request.settings.max_output_tokens
    settings = structs.replace(request.settings, max_output_tokens=left if cap is None else min(cap, left))
    return structs.replace(request, settings=settings)


def without_middle(request: ModelRequest, profile: Profile, left: int | None) -> ModelRequest:
    """The request without the exchanges in the middle of it, as many as it takes to fit into the model's
    window and into what is left, by estimate."""
    rooms = [each for each in (left, room(request, profile)) if each is not None]
    excess = estimate(request, profile) - min(rooms) if rooms else 0
    if excess <= 0:
        return request
    groups = list(droppable(request.items))
    middle = (len(groups) - 1) / 2
    dropped: set[int] = set()
    for _, group in sorted(enumerate(groups), key=lambda each: abs(each[0] - middle)):
        if excess <= 0:
            break
        items = tuple(request.items[position] for position in group)
        excess -= estimate(ModelRequest(request.model, items), profile)
        dropped.update(group)
    kept = tuple(item for position, item in enumerate(request.items) if position not in dropped)
    return structs.replace(request, items=kept)
