"""The smallest JSON value that a JSON Schema accepts: what the stand-in gives where a shape is asked for.

Covers what structured outputs allow; a pattern or a combination it cannot satisfy is not searched for.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Schema: TypeAlias = "dict[str, Json] | bool"

MAX_DEPTH = 24
"""A schema that refers to itself without end is cut here."""

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "demo@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: Json) -> Json:
    """The smallest value we know that this schema accepts."""
    return _sample(schema, schema, 0)


def _sample(schema: Json, root: Json, depth: int) -> Json:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return {} if schema is True else None
    schema = _flat(schema, root)
    if "const" in schema:
        return schema["const"]
    if isinstance(options := schema.get("enum"), list) and options:
        return options[0]
    for keyword in ("anyOf", "oneOf"):
        if isinstance(choices := schema.get(keyword), list) and choices:
            return _sample(_simplest(choices, root), root, depth + 1)
    return _of_type(_type(schema), schema, root, depth)


def _flat(schema: dict[str, Json], root: Json) -> dict[str, Json]:
    """The schema with what it refers to and what `allOf` adds written out."""
    for _ in range(MAX_DEPTH):
        merged = [each for each in _listed(schema.get("allOf")) if isinstance(each, dict)]
        reference = schema.get("$ref")
        if isinstance(reference, str) and isinstance(found := _look_up(reference, root), dict):
            merged.append(found)
        if not merged:
            return schema
        schema = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        for other in merged:
            schema = _joined(schema, other)
    return schema


def _joined(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    joined = other | one
    for key in ("properties", "$defs"):
        if isinstance(mine := one.get(key), dict) and isinstance(theirs := other.get(key), dict):
            joined[key] = theirs | mine
    if "required" in one and "required" in other:
        joined["required"] = [*_listed(one["required"]), *_listed(other["required"])]
    return joined


def _look_up(reference: str, root: Json) -> Json:
    """Follow a JSON pointer inside the document (RFC 6901); None where it leads nowhere."""
    place = root
    for step in reference.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        place = place.get(key) if isinstance(place, dict) else None
    return place


def _simplest(choices: list[Json], root: Json) -> Json:
    """The choice that leads least deep: anything but an object or a list, if there is one."""
    plain = [
        each
        for each in choices
        if isinstance(each, dict) and _type(_flat(each, root)) not in ("object", "array")
    ]
    return (plain or choices)[0]


def _type(schema: dict[str, Json]) -> str:
    names = schema.get("type")
    if isinstance(names, list):
        return str(next((name for name in names if name != "null"), "null"))
    if isinstance(names, str):
        return names
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema else "object" if not schema else _by_keyword(schema)


def _by_keyword(schema: dict[str, Json]) -> str:
    if schema.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
        return "number"
    return "string" if schema.keys() & {"minLength", "maxLength", "pattern", "format"} else "object"


def _of_type(kind: str, schema: dict[str, Json], root: Json, depth: int) -> Json:
    match kind:
        case "object":
            properties = schema.get("properties")
            known = properties if isinstance(properties, dict) else {}
            names = dict.fromkeys(str(name) for name in _listed(schema.get("required")))
            return {name: _sample(known.get(name, {}), root, depth + 1) for name in names}
        case "array":
            first = [_sample(each, root, depth + 1) for each in _listed(schema.get("prefixItems"))]
            least = int(_number(schema.get("minItems"), Decimal(0)))
            return first + [
                _sample(schema.get("items", {}), root, depth + 1) for _ in range(len(first), least)
            ]
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _smallest_number(schema, whole=kind == "integer")
        case "boolean":
            return False
        case _:
            return None


def _text(schema: dict[str, Json]) -> str:
    text = _FORMATS.get(str(schema.get("format")), "demo")
    most = int(_number(schema.get("maxLength"), Decimal(len(text))))
    return text[: max(most, 0)].ljust(int(_number(schema.get("minLength"), Decimal(0))), ".")


def _smallest_number(schema: dict[str, Json], *, whole: bool) -> Json:
    step = abs(_number(schema.get("multipleOf"), Decimal(1))) or Decimal(1)
    above, most = _limit(schema.get("exclusiveMinimum")), _limit(schema.get("maximum"))
    below = _limit(schema.get("exclusiveMaximum"))
    least = max((each for each in (_limit(schema.get("minimum")), above) if each is not None), default=None)
    ends = [each for each in (most, below) if each is not None]
    if least is None:
        least = min(Decimal(0), *(end - step for end in ends)) if ends else Decimal(0)
    value = (least / step).to_integral_value(ROUND_CEILING) * step
    if value == above:
        value += step
    if ends and not whole and "multipleOf" not in schema and value >= min(ends):
        value = (least + min(ends)) / 2
    return int(value) if value == value.to_integral_value() else float(value)


def _number(value: Json, default: Decimal) -> Decimal:
    limit = _limit(value)
    return default if limit is None else limit


def _limit(value: Json) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
