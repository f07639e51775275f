"""A call's arguments that come in pieces, each a leaf of the JSON value with the path to it.

Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling
(streaming of function call arguments).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeAlias

import msgspec

from providers.google.wire import PartialArgument

Json: TypeAlias = "str | float | bool | dict[str, Json] | list[Json] | None"
_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
MOST_ELEMENTS = 10_000
"""A path to an element beyond is a mistake of whoever wrote it."""


class ArgumentsBuilder:
    """Takes the pieces; `text` is the JSON of what they come to."""

    def __init__(self) -> None:
        self._root: dict[str, Json] = {}

    def add(self, pieces: Iterable[PartialArgument]) -> None:
        """Put each piece in its place; a string that is there already grows."""
        for piece in pieces:
            steps = _steps(piece.json_path)
            if steps:
                _put(self._root, steps, _value(piece))

    @property
    def text(self) -> str:
        """The arguments as JSON."""
        return msgspec.json.encode(self._root).decode()


def _steps(path: str) -> list[str | int]:
    found: list[str | int] = []
    for match in _STEP.finditer(path.removeprefix("$")):
        name, position, quoted, double_quoted = match.groups()
        found.append(int(position) if position is not None else name or quoted or double_quoted or "")
    return found


def _value(piece: PartialArgument) -> Json:
    for value in (piece.string_value, piece.bool_value):
        if value is not None:
            return value
    number = piece.number_value
    return int(number) if number is not None and number.is_integer() else number


def _put(root: dict[str, Json], steps: list[str | int], value: Json) -> None:
    place: Json = root
    for step, following in pairwise(steps):
        place = _child(place, step, [] if isinstance(following, int) else {})
    _set(place, steps[-1], value)


def _child(place: Json, step: str | int, empty: Json) -> Json:
    """What is at a step, made where nothing is."""
    if isinstance(place, dict):
        return place.setdefault(str(step), empty)
    if isinstance(place, list) and isinstance(step, int) and _lengthen(place, step):
        if place[step] is None:
            place[step] = empty
        return place[step]
    return None


def _set(place: Json, step: str | int, value: Json) -> None:
    if isinstance(place, dict):
        place[str(step)] = _grown(place.get(str(step)), value)
    elif isinstance(place, list) and isinstance(step, int) and _lengthen(place, step):
        place[step] = _grown(place[step], value)


def _grown(before: Json, value: Json) -> Json:
    return before + value if isinstance(before, str) and isinstance(value, str) else value


def _lengthen(place: list[Json], position: int) -> bool:
    if position >= MOST_ELEMENTS:
        return False
    place.extend([None] * (position + 1 - len(place)))
    return True
