"""The messages of a request as JSON, of which those that went before are not written anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec
from msgspec import Struct

from providers.openai_chat.content import Warnings
from providers.openai_chat.messages import messages_of
from providers.openai_chat.profile import ChatProfile
from specs.contexts import Context, Look
from specs.items import ContextItem, Item, Message
from specs.requests import ModelRequest

_encode_json = msgspec.json.Encoder().encode


class Written(Struct, frozen=True):
    """Items as messages, as far as nothing that follows can change them."""

    messages: tuple[bytes, ...] = ()
    """JSON, each one message or several with commas between them."""
    warnings: tuple[tuple[str, str], ...] = ()
    rest: tuple[ContextItem, ...] = ()
    """The items that are not written yet."""


class Writing(Look[Written], frozen=True):
    """Writes for one model at one place, up to the last message that is not the assistant's: nothing that
    follows is joined to what is before it."""

    profile: ChatProfile
    origin: str

    def look(self, known: Written | None, items: Sequence[Item]) -> Written:
        known = known or Written()
        added = (*known.rest, *cast("Sequence[ContextItem]", items))
        heard = [place for place, item in enumerate(added) if _is_heard(item)]
        end = heard[-1] if heard else 0
        warnings: Warnings = []
        messages = self.write(None, added[:end], warnings)
        return Written((*known.messages, *messages), (*known.warnings, *warnings), added[end:])

    def write(
        self, instructions: str | None, items: Sequence[ContextItem], warnings: Warnings
    ) -> tuple[bytes, ...]:
        """All these as JSON; nothing where there are none."""
        messages = messages_of(
            instructions, items, profile=self.profile, origin=self.origin, warnings=warnings
        )
        return (_encode_json(messages)[1:-1],) if messages else ()


def written_messages(request: ModelRequest, writing: Writing, warnings: Warnings) -> bytes:
    """The conversation of a request, the instructions first: JSON without the brackets."""
    items = request.items
    before = items.before if isinstance(items, Context) else None
    if before is None:
        return b",".join(writing.write(request.instructions, items, warnings))
    known = before.found(writing)
    first = writing.write(request.instructions, (), warnings)
    warnings += known.warnings
    last = writing.write(None, (*known.rest, *items[len(before) :]), warnings)
    return b",".join((*first, *known.messages, *last))


def _is_heard(item: ContextItem) -> bool:
    return type(item) is Message and item.role != "assistant"
