"""Where a model call can go: the models of an agent in their order, and what is known of their health."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import structlog
from msgspec import Struct, structs

from providers.base import ModelStream, Provider
from providers.profiles import Profile
from service.engine.ports import OpenModel
from specs.errors import UpstreamError, UpstreamRejected
from specs.prices import Price
from specs.requests import ModelRequest

FAILURES = 3
"""So many calls in a row that failed keep the next ones away."""
COOLDOWN_SECONDS = 30.0
"""How long they are kept away; then one call tries."""

log = structlog.get_logger()


class Target(Struct, frozen=True):
    """One model at one provider, at its price."""

    provider: Provider
    model: str
    price: Price
    profile: Profile
    """The facts of the model."""

    @property
    def name(self) -> str:
        """As the configuration has it."""
        return f"{self.provider.name}/{self.model}"


class Breakers:
    """Which models are kept out of the way, for this process. A circuit breaker for each, by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def allows(self, name: str) -> bool:
        """Whether a call may go there. After the cooldown one may, and the next only if that went well."""
        until = self._until.get(name)
        if until is None:
            return True
        if self._clock() < until:
            return False
        self._until[name] = self._clock() + COOLDOWN_SECONDS
        return True

    def failed(self, name: str, *, retry_after: float | None) -> None:
        """A call failed there. What the upstream asks to be waited for is waited for."""
        self._failed[name] = self._failed.get(name, 0) + 1
        if self._failed[name] >= FAILURES or retry_after is not None:
            self._until[name] = self._clock() + max(retry_after or 0.0, COOLDOWN_SECONDS)

    def worked(self, name: str) -> None:
        """A call began to be answered there."""
        self._failed.pop(name, None)
        self._until.pop(name, None)


class WithFallback:
    """An `OpenModel` over several: the next is asked where one fails before its first event."""

    def __init__(self, opened: Iterable[tuple[Target, OpenModel]], breakers: Breakers, *, run: str) -> None:
        self._opened = tuple(opened)
        self._breakers = breakers
        self._run = run

    async def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        """Open a model call; see `OpenModel`.

        Raises what the last model tried raises. What is wrong with the request is wrong everywhere.
        """
        *others, last = self._healthy()
        for target, open_model in others:
            asked = structs.replace(request, model=target.model)
            try:
                return self._well(target, await open_model(asked, step=step, first_item=first_item))
            except UpstreamRejected:
                raise
            except UpstreamError as error:
                self._breakers.failed(target.name, retry_after=error.retry_after)
                log.warning("model_fell_back", run=self._run, model=target.name, code=error.code)
        return await self._last(*last, request, step=step, first_item=first_item)

    async def _last(
        self, target: Target, open_model: OpenModel, request: ModelRequest, *, step: int, first_item: int
    ) -> ModelStream:
        asked = structs.replace(request, model=target.model)
        try:
            return self._well(target, await open_model(asked, step=step, first_item=first_item))
        except UpstreamError as error:
            if not isinstance(error, UpstreamRejected):
                self._breakers.failed(target.name, retry_after=error.retry_after)
            raise

    def _well(self, target: Target, stream: ModelStream) -> ModelStream:
        self._breakers.worked(target.name)
        return stream

    def _healthy(self) -> list[tuple[Target, OpenModel]]:
        """Those that are not kept away, in their order; all of them where that is none."""
        return [each for each in self._opened if self._breakers.allows(each[0].name)] or list(self._opened)
