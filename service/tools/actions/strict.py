"""A schema rewritten to the strict subset that structured outputs take.

Every object is closed and asks for all its fields; one that was optional may be null instead.
Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Callable

from service.tools.actions.document import Json

DROPPED = frozenset(
    {"default", "example", "examples", "deprecated", "readOnly", "writeOnly", "xml", "externalDocs", "title"}
)
"""Keywords that say nothing the model has to keep to."""
REFUSED = ("allOf", "oneOf", "not", "if", "patternProperties", "prefixItems")
"""Keywords that the subset has no form for."""


class NotStrict(Exception):
    """The schema has no form in the strict subset; the message says why."""


def to_strict(schema: Json, note: Callable[[str], None]) -> Json:
    """Rewrite a schema whose references are written out; `note` is told of each change.

    Raises NotStrict.
    """
    return _strict(schema, "arguments", note)


def _strict(schema: Json, at: str, note: Callable[[str], None]) -> Json:
    if not isinstance(schema, dict):
        raise NotStrict(f"{at}: a schema that is true or false")
    refused = [name for name in REFUSED if name in schema]
    if refused:
        raise NotStrict(f"{at}: {refused[0]!r} has no strict form")
    found = {key: value for key, value in schema.items() if key not in DROPPED and not key.startswith("x-")}
    if isinstance(choices := found.get("anyOf"), list):
        found["anyOf"] = [_strict(each, f"{at}.anyOf[{place}]", note) for place, each in enumerate(choices)]
    if "items" in found:
        found["items"] = _strict(found["items"], f"{at}[]", note)
    elif found.get("type") == "array":
        raise NotStrict(f"{at}: an array that does not say what it holds")
    found = _nullable(found)
    if "properties" in found or found.get("type") == "object":
        return _closed(found, at, note)
    if not found.keys() & {"type", "anyOf", "enum", "const"}:
        raise NotStrict(f"{at}: says nothing of its type")
    return found


def _closed(schema: dict[str, Json], at: str, note: Callable[[str], None]) -> Json:
    """An object that has its fields and no others."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        properties = {}
    if isinstance(schema.get("additionalProperties"), dict) or (
        not properties and schema.get("additionalProperties") is not False
    ):
        raise NotStrict(f"{at}: an object whose fields have no names")
    listed = schema.get("required")
    required = set(map(str, listed)) if isinstance(listed, list) else set()
    closed: dict[str, Json] = {}
    for name, each in properties.items():
        strict = _strict(each, f"{at}.{name}", note)
        if name not in required:
            note(f"{at}.{name}: optional, so it is asked for and may be null")
            strict = _or_null(strict)
        closed[name] = strict
    if schema.get("additionalProperties") is not False:
        note(f"{at}: closed to other fields")
    return {**schema, "properties": closed, "required": list(closed), "additionalProperties": False}


def _nullable(schema: dict[str, Json]) -> dict[str, Json]:
    """`nullable` of OpenAPI 3.0 as JSON Schema has it."""
    nullable = schema.pop("nullable", None)
    if nullable is not True:
        return schema
    changed = _or_null(schema)
    return changed if isinstance(changed, dict) else schema


def _or_null(schema: Json) -> Json:
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema and "const" not in schema:
        return schema if kind == "null" else {**schema, "type": [kind, "null"]}
    if isinstance(kind, list) and "null" in kind:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}
