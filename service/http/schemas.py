"""The schemas of the OpenAPI document: msgspec's, with the sentences that stand behind fields in the
source, with raw JSON shown in its shape, and without what nothing refers to."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from specs.anthropic.documented import COMPONENTS as MESSAGES_COMPONENTS
from specs.anthropic.documented import REQUIRED as MESSAGES_REQUIRED
from specs.openai.documented import COMPONENTS as FIRST_COMPONENTS
from specs.openai.documented import REQUIRED as FIRST_REQUIRED

Json = dict[str, Any]
"""A piece of the document; it leaves as bytes only."""

COMPONENTS = FIRST_COMPONENTS | MESSAGES_COMPONENTS
REQUIRED = FIRST_REQUIRED | MESSAGES_REQUIRED
_PREFIX = "#/components/schemas/"
_FAMILIES = {"chat": "Chat", "answers": "Messages", "messages": "Messages", "blocks": "MessagesInput"}
"""What names a type whose name another has too, by its module; the others are of the Responses API."""


class Schemas:
    """The schemas of some types, and the components they refer to."""

    def __init__(self, types: Iterable[Any]) -> None:
        ordered = sorted(types, key=str)
        described = [*ordered, *(member for members in COMPONENTS.values() for member in members)]
        schemas, components = msgspec.json.schema_components(described, ref_template=_PREFIX + "{name}")
        by_type = dict(zip(described, schemas, strict=True))
        _describe(components, _structs(described))
        for name, members in COMPONENTS.items():
            components[name] = _one_of(name, members, by_type)
        for name, fields in REQUIRED.items():
            _require(components[name], fields)
        self._by_type = {type: by_type[type] for type in ordered}
        kept = _reachable([*self._by_type.values()], components)
        names = _short_names(kept)
        self.components: Json = {names[name]: _renamed(components[name], names) for name in kept}
        self._by_type = {type: _renamed(schema, names) for type, schema in self._by_type.items()}

    def of(self, type: Any) -> Json:
        """The schema of one of the types."""
        return self._by_type[type]


def choices(schema: Json) -> list[Json]:
    """The schemas of which a value fits one."""
    return schema.get("anyOf", [schema])


def described(struct: type[Struct]) -> Json:
    """One flat struct's schema, with the sentences of its fields."""
    _, components = msgspec.json.schema_components([struct])
    _describe(components, {struct})
    return components[struct.__name__]


def _one_of(name: str, members: tuple[type[Struct], ...], by_type: dict[Any, Json]) -> Json:
    choice: Json = {"title": name, "anyOf": [by_type[member] for member in members]}
    tags = [member.__struct_config__.tag for member in members]
    if all(tags):
        mapping = {tag: by_type[member]["$ref"] for tag, member in zip(tags, members, strict=True)}
        field = members[0].__struct_config__.tag_field
        choice["discriminator"] = {"propertyName": field, "mapping": mapping}
    return choice


def _require(component: Json, fields: tuple[str, ...]) -> None:
    component["required"] = [*component.get("required", ()), *fields]
    for field in fields:
        schema = component["properties"][field]
        given = [choice for choice in schema.pop("anyOf") if choice != {"type": "null"}]
        schema |= given[0] if len(given) == 1 else {"anyOf": given}
        schema.pop("default")


def _describe(components: Json, structs: Iterable[type[Struct]]) -> None:
    """Put the sentences of each struct's fields into its component."""
    for struct in structs:
        names = (struct.__name__, f"{struct.__module__}.{struct.__qualname__}")
        fields = next((components[name]["properties"] for name in names if name in components), {})
        for owner in struct.__mro__:
            for field, sentence in _sentences(owner):
                if field in fields:
                    fields[field].setdefault("description", sentence)


def _sentences(struct: type) -> Iterator[tuple[str, str]]:
    """(field, docstring) of a struct's own fields."""
    if not issubclass(struct, Struct) or struct is Struct:
        return
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field, text in pairwise(body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(sentence))),
            ):
                yield name, " ".join(sentence.split())


def _structs(types: Iterable[Any]) -> set[type[Struct]]:
    """Every struct that these types are made of."""
    found: set[type[Struct]] = set()
    waiting: list[Any] = [*msgspec.inspect.multi_type_info(types)]
    while waiting:
        match waiting.pop():
            case msgspec.inspect.StructType(cls=cls) as info:
                if cls not in found:
                    found.add(cls)
                    waiting += [field.type for field in info.fields]
            case msgspec.inspect.Type() as info:
                waiting += [getattr(info, name) for name in info.__struct_fields__]
            case tuple(inner):
                waiting += inner
    return found


def _reachable(roots: list[Json], components: Json) -> list[str]:
    """The names of the components that the roots refer to, by whatever way."""
    found: set[str] = set()
    waiting: list[Any] = [*roots]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(components[name])
    return sorted(found)


def _references(node: Any) -> Iterator[str]:
    match node:
        case dict():
            for key, value in node.items():
                if key == "$ref":
                    yield value.removeprefix(_PREFIX)
                else:
                    yield from _references(value)
        case list():
            for value in node:
                yield from _references(value)


def _short_names(names: list[str]) -> dict[str, str]:
    """Names without modules; where two types share one, that of the API comes first."""
    last = {name: name.rpartition(".")[2] for name in names}
    times = Counter(last.values())
    return {name: short if times[short] == 1 else _family(name) + short for name, short in last.items()}


def _family(name: str) -> str:
    return _FAMILIES.get(name.split(".")[-2], "Response")


def _renamed(node: Any, names: dict[str, str]) -> Any:
    match node:
        case dict():
            return {key: _renamed(value, names) for key, value in node.items()}
        case list():
            return [_renamed(value, names) for value in node]
        case str() if node.startswith(_PREFIX):
            return _PREFIX + names[node.removeprefix(_PREFIX)]
        case _:
            return node
