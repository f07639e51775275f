"""Reads untyped tables (TOML, YAML) into Structs, and says of every value that does not fit where
it stands, what was wrong and what is allowed. Knows types, not settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Raw, Struct, UnsetType
from msgspec.structs import FieldInfo

from service.settings.problems import Problems, unknown
from specs.secret import Secret

Json: TypeAlias = "bool | int | float | Decimal | str | list[Json] | dict[str, Json] | None"
"""What a TOML or YAML file can hold."""


Key = TypeVar("Key", str, int)


class Bad:
    """Stands where a value could not be read; the problem has been noted."""


BAD = Bad()
_json = msgspec.json.Encoder(decimal_format="number")


def members(kind: object) -> tuple[object, ...]:
    """The types a field may hold, without None, UNSET and constraints."""
    if get_origin(kind) is Annotated:
        return members(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return tuple(member for each in get_args(kind) for member in members(each))
    return () if kind in (type(None), UnsetType) else (kind,)


def structs_in(kind: object) -> tuple[type[Struct], ...]:
    """The Structs among the types a field may hold."""
    return tuple(each for each in members(kind) if isinstance(each, type) and issubclass(each, Struct))


def element(kind: object, container: type) -> object | None:
    """The type of the values of a `dict[str, T]` or the elements of a `tuple[T, ...]`, if it is one."""
    for each in members(kind):
        if get_origin(each) is container:
            return get_args(each)[1 if container is dict else 0]
    return None


@cache
def fields_of(kind: type[Struct]) -> tuple[FieldInfo, ...]:
    """The fields of a Struct; remembered, as resolving their types is slow."""
    return msgspec.structs.fields(kind)


class Reader:
    """Reads values of one source. `where` names it for a path; `secret` resolves a reference."""

    def __init__(
        self,
        problems: Problems,
        *,
        where: Callable[[str], str],
        secret: Callable[[str], Secret],
    ) -> None:
        self.problems = problems
        self._where = where
        self._secret = secret

    def note(self, path: str, what: str) -> Bad:
        """Note a problem with the value at this path."""
        self.problems.add(self._where(path), path, what)
        return BAD

    def read(self, value: Json, kind: object, path: str) -> object:
        """Read a value as this type; BAD where it does not fit."""
        structs = structs_in(kind)
        if structs and not _plain(value, kind):
            words = _literals(kind)
            if words and not isinstance(value, dict):
                return self.note(path, f"must be {', '.join(map(repr, words))} or a table, is {value!r}")
            return self._table(value, structs, path)
        if (inner := element(kind, dict)) is not None and isinstance(value, dict):
            return self._each(value.items(), inner, lambda key: f"{path}.{quoted(key)}", dict)
        if (inner := element(kind, tuple)) is not None and isinstance(value, list):
            return self._each(enumerate(value), inner, lambda index: f"{path}[{index}]", _values)
        return self._leaf(value, kind, path)

    def struct(self, value: Json, kind: type[Struct], path: str) -> Struct | None:
        """Read a table as this Struct; None where something in it does not fit."""
        result = self._table(value, (kind,), path)
        return None if isinstance(result, Bad) else result

    def _each(
        self,
        pairs: Iterable[tuple[Key, Json]],
        inner: object,
        at: Callable[[Key], str],
        build: Callable[[list[tuple[Key, object]]], object],
    ) -> object:
        read = [(key, self.read(value, inner, at(key))) for key, value in pairs]
        return BAD if any(value is BAD for _, value in read) else build(read)

    def _table(self, value: Json, kinds: tuple[type[Struct], ...], path: str) -> Struct | Bad:
        if not isinstance(value, dict):
            return self.note(path, f"must be a table, not {_noun(value)}")
        kind, value = self._choose(value, kinds, path)
        if kind is None:
            return BAD
        fields = {field.encode_name: field for field in fields_of(kind)}
        strangers = [key for key in value if key not in fields]
        for key in strangers:
            self.note(join(path, key), unknown(key, fields))
        read = {field.name: self._field(value, field, path) for field in fields.values()}
        if strangers or any(each is BAD for each in read.values()):
            return BAD
        return kind(**{name: each for name, each in read.items() if each is not NODEFAULT})

    def _choose(
        self, value: dict[str, Json], kinds: tuple[type[Struct], ...], path: str
    ) -> tuple[type[Struct] | None, dict[str, Json]]:
        tags = {kind.__struct_config__.tag: kind for kind in kinds}
        if None in tags:
            return kinds[0], value
        rest = {key: each for key, each in value.items() if key != "type"}
        tag = value.get("type", next(iter(tags)) if len(tags) == 1 else None)
        for known, kind in tags.items():
            if tag == known:
                return kind, rest
        self.note(join(path, "type"), f"must be one of {', '.join(repr(known) for known in tags)}")
        return None, rest

    def _field(self, table: dict[str, Json], field: FieldInfo, path: str) -> object:
        at = join(path, field.encode_name)
        if field.encode_name in table:
            return self.read(table[field.encode_name], field.type, at)
        return self.note(at, "is required") if field.required else NODEFAULT

    def _leaf(self, value: Json, kind: object, path: str) -> object:
        if not _finite(value):
            return self.note(path, "must be a finite number")
        if Decimal in members(kind) and isinstance(value, int | float | Decimal) and value < 0:
            return self.note(path, f"must not be negative, is {value}")
        if Raw in members(kind):
            return Raw(_json.encode(value))
        if Secret in members(kind):
            return value if value in _literals(kind) else self._reference(value, path)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            return self.note(path, _told(error, value, kind))

    def _reference(self, value: Json, path: str) -> object:
        if not isinstance(value, str):
            return self.note(path, f"must be text, not {_noun(value)}")
        try:
            return self._secret(value)
        except ValueError as error:
            return self.note(path, str(error))


def join(path: str, key: str) -> str:
    """The path of a key inside a table."""
    return f"{path}.{quoted(key)}" if path else quoted(key)


def quoted(key: str) -> str:
    """A key as TOML would spell it in a path."""
    return key if key.replace("_", "").replace("-", "").isalnum() else f'"{key}"'


def _values(pairs: list[tuple[int, object]]) -> tuple[object, ...]:
    return tuple(value for _, value in pairs)


def _finite(value: Json) -> bool:
    return not isinstance(value, float | Decimal) or Decimal(value).is_finite()


def _noun(value: object) -> str:
    nouns: Mapping[type, str] = {dict: "a table", list: "a list", str: "text", bool: "true or false"}
    return nouns.get(type(value), "a number" if isinstance(value, int | float | Decimal) else "nothing")


def _literals(kind: object) -> list[object]:
    return [each for member in members(kind) if get_origin(member) is Literal for each in get_args(member)]


def _plain(value: Json, kind: object) -> bool:
    """Whether the value is what a field may hold instead of a table."""
    return (isinstance(value, bool) and bool in members(kind)) or (
        isinstance(value, str) and value in _literals(kind)
    )


def _told(error: msgspec.ValidationError, value: Json, kind: object) -> str:
    allowed = _literals(kind)
    if allowed:
        return f"must be one of {', '.join(repr(each) for each in allowed)}, is {value!r}"
    text = str(error).split(" - at `")[0]
    return text[:1].lower() + text[1:]
