"""What the engine is given by those who know more than it: how to open a model call, and for whom."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Protocol

from providers.base import ModelStream, Provider
from specs.requests import ModelRequest


class PerTenant(ABC):
    """A provider that each project or user reaches with a credential of its own."""

    @abstractmethod
    def of(self, *, project: str, user: str) -> Provider:
        """The provider as this user of this project reaches it; `user` is "" for a key of nobody's."""


class OpenModel(Protocol):
    """One model call of the run, paid for; see `providers.base.Provider.open`.

    One that has nothing to do with a request hands it on as it is, and is not waited for itself.
    """

    def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> Awaitable[ModelStream]: ...
