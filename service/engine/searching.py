"""Asks the provider to search the web itself, where that is what is configured and its model can."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from providers.base import ModelStream
from service.engine.ports import OpenModel
from service.tools.web_search.terms import NativeSearch
from specs.requests import ModelRequest, ToolChoice
from specs.tools import SEARCH_TOOL


class WithSearch:
    """An `OpenModel` whose provider searches. `tell` is told once where it does not."""

    def __init__(
        self, open_model: OpenModel, search: NativeSearch, *, can: bool, tell: Callable[[str], None]
    ) -> None:
        self._open_model = open_model
        self._search = search
        self._problem = search.problem or ("" if can else "this model's provider has none of its own")
        self._tell = tell
        self._told = False

    async def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        """Open a model call; see `OpenModel`."""
        if not self._problem:
            asked = structs.replace(request, search=self._search.tool)
            return await self._open_model(asked, step=step, first_item=first_item)
        if not self._told:
            self._told = True
            self._tell(f"tools: the web search was left out: {self._problem}.")
        return await self._open_model(_without_choice(request), step=step, first_item=first_item)


def _without_choice(request: ModelRequest) -> ModelRequest:
    """The request without the demand of a search that cannot be made."""
    if request.tool_choice.name != SEARCH_TOOL or SEARCH_TOOL in {tool.name for tool in request.tools}:
        return request
    return structs.replace(request, tool_choice=ToolChoice())
