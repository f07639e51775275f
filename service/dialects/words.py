"""The words a field takes, found in the type it is decoded to: for refusals that say what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from msgspec import inspect

_STEP = re.compile(r"\[\.\.\.\]|[^.\[]+|\[\d+\]")


@lru_cache(maxsize=512)
def words_at(kind: Any, path: str) -> tuple[str, ...]:
    """The words allowed at a path (`text.format.type`, `include[...]`) of a type; empty where any text is."""
    literals = [each for each in _types_at(kind, path) if isinstance(each, inspect.LiteralType)]
    words = [word for each in literals for word in each.values]
    return tuple(dict.fromkeys(word for word in words if isinstance(word, str)))


@lru_cache(maxsize=512)
def takes_object_at(kind: Any, path: str) -> bool:
    """Whether an object may stand at a path of a type."""
    objects = inspect.StructType | inspect.DictType
    return any(isinstance(each, objects) for each in _types_at(kind, path))


def _types_at(kind: Any, path: str) -> Iterator[inspect.Type]:
    found = [inspect.type_info(kind)]
    for step in _STEP.findall(path):
        found = [inner for each in _plain(found) for inner in _inside(each, step)]
    return _plain(found)


def _plain(types: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """The types without remarks on them, a union's each by itself."""
    for each in types:
        match each:
            case inspect.Metadata():
                yield from _plain([each.type])
            case inspect.UnionType():
                yield from _plain(each.types)
            case _:
                yield each


def _inside(outer: inspect.Type, step: str) -> list[inspect.Type]:
    match outer:
        case inspect.StructType():
            if step == outer.tag_field:
                return [inspect.LiteralType((outer.tag,))]
            return [field.type for field in outer.fields if field.encode_name == step]
        case inspect.DictType():
            return [outer.value_type]
        case inspect.ListType() | inspect.VarTupleType():
            return [outer.item_type]
        case _:
            return []
