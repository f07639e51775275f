"""How many tokens a request would have as its model's input, without running it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from msgspec import Struct

from providers.base import Provider
from providers.counting import InputCounter
from providers.profiles import Profile
from service.engine.compact import since_compaction
from service.engine.context import context_of
from service.engine.custom import with_functions
from service.engine.media import FileReader, Media
from service.engine.resolve import resolve
from service.ledger.bounds import measure
from service.ledger.tokens import count_tokens
from specs.agents import Agent
from specs.errors import UpstreamError
from specs.requests import ModelRequest, RunRequest, ToolChoice

log = structlog.get_logger()


class InputCount(Struct, frozen=True):
    """Tokens of an input."""

    tokens: int
    estimated: bool
    """Whether we counted: the provider has no counter, or it failed."""


class Counting:
    """Asks the agent's provider, else counts."""

    def __init__(
        self, *, provider: Callable[[str], Provider], files: FileReader, max_file_bytes: int
    ) -> None:
        self._provider = provider
        self._files = files
        self._max_file_bytes = max_file_bytes
        self._one_at_a_time = asyncio.Semaphore(1)

    async def count(self, request: RunRequest, *, agent: Agent, project: str) -> InputCount:
        """Count the input of a request to an agent.

        Raises InvalidRequest where the two cannot go together, StoreUnavailable.
        """
        provider_name, _, model = agent.model.partition("/")
        provider = self._provider(provider_name)
        asked = model_request(resolve(request, agent), model=model)
        if not provider.profile(model).takes_custom_tools:
            asked = with_functions(asked)
        asked = await Media(self._files, project=project, most=self._max_file_bytes).fill(asked)
        if isinstance(provider, InputCounter):
            try:
                return InputCount(await provider.count_input(asked), estimated=False)
            except UpstreamError as error:
                log.warning("count_failed", provider=provider.name, model=model, code=error.code)
        return InputCount(await self._estimate(asked, provider), estimated=True)

    async def _estimate(self, request: ModelRequest, provider: Provider) -> int:
        profile = provider.profile(request.model)
        async with self._one_at_a_time:
            return await asyncio.to_thread(tokens_of, request, profile)


def tokens_of(request: ModelRequest, profile: Profile) -> int:
    """About how many input tokens a call has. Blocks; see `count_tokens`."""
    needs = measure(request, profile)
    return needs.guess_with(count_tokens(needs.texts, profile).guess)


def model_request(request: RunRequest, *, model: str) -> ModelRequest:
    """The first model call of a resolved request, where the server lends no tools."""
    return ModelRequest(
        model=model,
        items=context_of(since_compaction(request.items)),
        instructions=request.instructions,
        tools=request.tools,
        tool_choice=request.tool_choice or ToolChoice(),
        settings=request.settings,
        instruction_marks=request.instruction_marks,
    )
