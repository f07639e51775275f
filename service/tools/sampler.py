"""What a tool may ask a model for itself, while one of its calls is under way."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from specs.events import Finish
from specs.items import Message


class Question(Struct, frozen=True):
    """What the model is to answer. It gets nothing of the run's own conversation."""

    messages: tuple[Message, ...]
    max_output_tokens: int
    instructions: str | None = None
    temperature: float | None = None
    stop: tuple[str, ...] | None = None


class Reply(Struct, frozen=True):
    """What the model said."""

    text: str
    model: str
    """The provider's name of the model that was asked."""
    finish: Finish


class Sampler(Protocol):
    """Asks the model of one run, which pays for it as for its own calls."""

    async def ask(self, question: Question) -> Reply:
        """Have it answered.

        Raises DragomanError where account or agent cannot pay for it, or the model cannot be asked.
        """
        ...
