"""JSON Schemas made ready for constrained decoding, which takes less than clients write.

Every object must be closed, and bounds on numbers, lengths and counts are refused; they go into
the description, where the model reads them.
Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

REFUSED = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")


def constrained(schema: Raw) -> tuple[Raw, list[str]]:
    """Return the schema as it may be sent, and the names of the bounds that became description."""
    moved: set[str] = set()
    ready = _walk(msgspec.json.decode(schema), moved)
    return Raw(msgspec.json.encode(ready)), sorted(moved)


def _walk(schema: Any, moved: set[str]) -> Any:
    if not isinstance(schema, dict):
        return schema
    refused = {name: schema[name] for name in REFUSED if name in schema}
    if (least := schema.get("minItems", 0)) not in (0, 1):
        refused["minItems"] = least
    moved.update(refused)
    ready = {name: _inner(name, value, moved) for name, value in schema.items() if name not in refused}
    if refused:
        bounds = ", ".join(
            f"{name}: {msgspec.json.encode(value).decode()}" for name, value in refused.items()
        )
        ready["description"] = f"{schema.get('description', '')} ({bounds})".lstrip()
    if schema.get("type") == "object" or "properties" in schema:
        ready.setdefault("additionalProperties", False)
    return ready


def _inner(name: str, value: Any, moved: set[str]) -> Any:
    if name in _NAMED and isinstance(value, dict):
        return {key: _walk(each, moved) for key, each in value.items()}
    if name in _LISTED and isinstance(value, list):
        return [_walk(each, moved) for each in value]
    return _walk(value, moved) if name == "items" else value
