"""Lays `DRAGOMAN__SECTION__KEY` over the configuration file, and knows every variable of ours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Literal, get_origin

from service.settings.model import File
from service.settings.problems import Problems, nearest, unknown
from service.settings.shapes import Json, element, fields_of, join, members, structs_in
from specs.secret import Secret

PREFIX = "DRAGOMAN__"
PLAIN = (
    "DRAGOMAN_CONFIG",
    "DRAGOMAN_ADMIN_KEY_FILE",
    "DRAGOMAN_SECRET_KEY_FILE",
    "DRAGOMAN_QUIET",
    "DRAGOMAN_API_KEY",
)
"""The variables that are no overlay."""

# Kubernetes sets these by itself beside a Service of our name; see
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_INJECTED = re.compile(
    r"DRAGOMAN_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)|DRAGOMAN_PORT=tcp://.*"
)


class Overlay:
    """The file's table with the environment laid over it; `origins` says which value came from where."""

    def __init__(self, table: dict[str, Json]) -> None:
        self.table = deepcopy(table)
        self.origins: dict[str, str] = {}

    def origin(self, path: str) -> str | None:
        """The variable that set the value at this path, if one did."""
        for known, name in self.origins.items():
            if path == known or path.startswith((f"{known}.", f"{known}[")):
                return name
        return None


def overlay(table: dict[str, Json], environ: Mapping[str, str], problems: Problems) -> Overlay:
    """Lay every `DRAGOMAN__…` variable over the table; unknown variables of ours become problems."""
    result = Overlay(table)
    for name in sorted(environ):
        if name.startswith(PREFIX):
            _lay(result, name, environ[name], problems)
        elif name.startswith("DRAGOMAN") and name not in PLAIN and not _injected(name, environ[name]):
            problems.add("environment", name, unknown(name, (*PLAIN, *overlay_names())))
    return result


def overlay_names() -> list[str]:
    """The overlay variables whose names need no name of the operator's (providers, models, agents)."""
    return [
        f"{PREFIX}{section.name}__{field.name}".upper()
        for section in fields_of(File)
        for kind in structs_in(section.type)
        for field in fields_of(kind)
    ]


def _injected(name: str, value: str) -> bool:
    return bool(_INJECTED.fullmatch(name) or _INJECTED.fullmatch(f"{name}={value}"))


def _lay(result: Overlay, name: str, text: str, problems: Problems) -> None:
    segments = name.removeprefix(PREFIX).split("__")
    place: object = result.table
    kind: object = File
    path = ""
    for position, segment in enumerate(segments):
        step = _step(kind, segment, place)
        if step is None:
            problems.add("environment", name, _unknown(segments, position, _known(kind)))
            return
        key, kind = step
        path = f"{path}[{key}]" if isinstance(key, int) else join(path, key)
        if position == len(segments) - 1:
            _put(place, key, _parse(text, kind))
            result.origins[path] = f"environment variable {name}"
        else:
            place = _enter(place, key)


def _step(kind: object, segment: str, place: object) -> tuple[str | int, object] | None:
    """The key that a segment means here and the type behind it; None when there is none."""
    for struct in structs_in(kind):
        for field in fields_of(struct):
            if field.encode_name.upper() == segment:
                return field.encode_name, field.type
    if (inner := element(kind, dict)) is not None:
        return _existing(segment, place), inner
    if (inner := element(kind, tuple)) is not None and structs_in(inner):
        index = _position(segment, place)
        return (index, inner) if index is not None else None
    return None


def _unknown(segments: list[str], position: int, known: list[str]) -> str:
    """Say that a segment is unknown, with the whole name it may have been meant for."""
    close = nearest(segments[position], known)
    if close is None:
        return unknown(segments[position], known)
    better = "__".join((*segments[:position], close, *segments[position + 1 :]))
    return f"unknown; did you mean {PREFIX + better!r}?"


def _known(kind: object) -> list[str]:
    return [field.encode_name.upper() for struct in structs_in(kind) for field in fields_of(struct)]


def _plain(name: object) -> str:
    return re.sub(r"[^A-Z0-9]", "_", str(name).upper())


def _existing(segment: str, place: object) -> str:
    """The key already there that this segment spells, else the segment in lower case."""
    keys = place if isinstance(place, dict) else {}
    return next((key for key in keys if _plain(key) == segment), segment.lower())


def _position(segment: str, place: object) -> int | None:
    """The position of a list's table by number or by its id."""
    rows = place if isinstance(place, list) else []
    for index, row in enumerate(rows):
        if segment == str(index) or (isinstance(row, dict) and _plain(row.get("id")) == segment):
            return index
    return None


def _enter(place: object, key: str | int) -> object:
    if isinstance(place, dict):
        return place.setdefault(str(key), {})
    return place[key] if isinstance(place, list) and isinstance(key, int) else {}


def _put(place: object, key: str | int, value: Json) -> None:
    if isinstance(place, dict):
        place[str(key)] = value
    elif isinstance(place, list) and isinstance(key, int):
        place[key] = value


def _parse(text: str, kind: object) -> Json:
    """Read a variable's text as what the setting wants; what cannot be read stays text."""
    if any(each in (str, Secret) or get_origin(each) is Literal for each in members(kind)):
        return text
    for spelling in (text, text.lower()):
        try:
            return tomllib.loads(f"value = {spelling}", parse_float=Decimal)["value"]
        except tomllib.TOMLDecodeError:
            continue
    if element(kind, tuple) is str:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text
