"""What the engine is given by those who know more than it: how to open a model call."""

from __future__ import annotations

from typing import Protocol

from providers.base import ModelStream
from specs.requests import ModelRequest


class OpenModel(Protocol):
    """One model call of the run, paid for; see `providers.base.Provider.open`."""

    async def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream: ...
