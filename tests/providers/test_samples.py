"""The smallest value a schema accepts."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from providers.samples import sample

INTEGER = {"type": "integer"}
NODE = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
    "required": ["next"],
}

SCHEMAS: list[Any] = [
    {"type": "object", "properties": {"a": INTEGER, "b": {"type": "string"}}, "required": ["a", "b"]},
    {"type": "object", "properties": {"a": INTEGER}},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "minItems": 2},
    {"type": "string", "minLength": 9},
    {"type": "string", "maxLength": 2},
    {"type": "string", "minLength": 1, "maxLength": 2},
    {"type": "string", "format": "date-time"},
    {"type": "string", "enum": ["x", "y"]},
    {"const": {"k": [1]}},
    {"type": ["null", "string"]},
    {"type": "integer", "minimum": 3},
    {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 4},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "maximum": -5},
    {"type": "number", "minimum": 0.5, "maximum": 0.75},
    {"anyOf": [{"type": "object", "required": ["n"]}, {"type": "null"}]},
    {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "string"}}}]},
    {"$defs": {"n": INTEGER}, "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]},
    {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    {},
    True,
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_the_sample_is_valid(schema: Any) -> None:
    jsonschema.Draft202012Validator(schema).validate(sample(schema))


def test_only_what_is_required_is_filled_in() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
        "required": ["b"],
    }
    assert sample(schema) == {"b": None}


def test_a_schema_that_never_ends_is_cut() -> None:
    schema: Any = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    assert isinstance(sample(schema), dict)
