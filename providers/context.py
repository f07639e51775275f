"""What every wire with one place for the system, and objects for arguments, makes of a context."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TypeGuard

import msgspec
from msgspec import Raw

from specs.items import ContextItem, Message

_object = msgspec.json.Decoder(dict[str, Raw])


def is_system(item: ContextItem) -> TypeGuard[Message]:
    """Whether it is a message of the system's or the developer's."""
    return isinstance(item, Message) and item.role in ("system", "developer")


def split_system(items: Sequence[ContextItem]) -> tuple[list[Message], Sequence[ContextItem]]:
    """Part the system messages that come before all else from the rest."""
    leading = [item for item in takewhile(is_system, items) if is_system(item)]
    return leading, items[len(leading) :]


def arguments_object(text: str) -> Raw:
    """The arguments of a call as a JSON object; text that is none is kept inside one."""
    if not text.strip():
        return Raw(b"{}")
    try:
        _object.decode(text)
    except msgspec.DecodeError:
        return Raw(msgspec.json.encode({"invalid_json": text}))
    return Raw(text.encode())
