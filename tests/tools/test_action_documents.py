"""What an OpenAPI document becomes: tools, or a reason why not."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from service.tools.actions.document import MAX_BYTES, MAX_YAML_BYTES
from service.tools.actions.operations import MAX_OPERATIONS, report_of, tool_names_with
from specs.actions import ActionReport, ActionSpec, Operation
from tests.support.math_action import DOCUMENT

_TIMES_EIGHT = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]\n" for before, name in pairwise("abcdefg")
)
ALIASES = f"openapi: 3.1.0\na: &a [1]\n{_TIMES_EIGHT}".encode()
"""A little text that is a quarter of a million values."""


def document(paths: dict[str, Any], **root: Any) -> dict[str, Any]:
    base = {"openapi": "3.0.3", "info": {"title": "T"}, "servers": [{"url": "https://a.example/v1/"}]}
    return {**base, "paths": paths, **root}


def report(
    paths: dict[str, Any] | bytes | str, *, spec: dict[str, Any] | None = None, **root: Any
) -> ActionReport:
    data = paths if isinstance(paths, bytes | str) else json.dumps(document(paths, **root))
    given = data.encode() if isinstance(data, str) else data
    return report_of(ActionSpec("label", given, **(spec or {})))


def only(found: ActionReport) -> Operation:
    assert found.problems == ()
    assert found.action is not None
    (operation,) = found.action.operations
    return operation


def schema(operation: Operation) -> dict[str, Any]:
    return json.loads(bytes(operation.schema))


def query(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}, **fields}


def test_the_calculator_becomes_one_strict_tool():
    found = report(DOCUMENT)
    operation = only(found)
    assert found.action is not None
    assert (found.title, found.action.server) == ("Calculator", "https://api.mathjs.example")
    assert found.action.hosts == {"api.mathjs.example"}
    assert (operation.tool, operation.method, operation.path, operation.strict) == (
        "evaluate",
        "POST",
        "/v4/",
        True,
    )
    assert operation.description == "Evaluate expressions"
    assert schema(operation) == {
        "type": "object",
        "properties": {
            "expr": {
                "description": "What to evaluate",
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            },
            "precision": {"type": ["integer", "null"], "minimum": 0},
        },
        "required": ["expr", "precision"],
        "additionalProperties": False,
    }
    assert [each.what for each in found.rewritten] == [
        "arguments.precision: optional, so it is asked for and may be null"
    ]


def test_parameters_of_every_place_and_a_body_share_one_schema():
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}, "description": "Which"},
        query("q"),
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
        {"name": "sid", "in": "cookie", "schema": {"type": "string"}},
        {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
    ]
    body = {"content": {"application/json": {"schema": {"properties": {"note": {"type": "string"}}}}}}
    operation = only(report({"/x/{id}": {"put": {"parameters": parameters, "requestBody": body}}}))
    assert operation.tool == "put_x_id"
    assert list(schema(operation)["properties"]) == ["id", "q", "X-Trace", "sid", "note"]
    assert schema(operation)["required"] == ["id"]
    assert schema(operation)["properties"]["id"] == {"type": "integer", "description": "Which"}


def test_an_operations_own_parameter_stands_for_that_of_its_path():
    item = {
        "parameters": [query("q", description="old")],
        "get": {"parameters": [query("q", description="new")]},
    }
    assert schema(only(report({"/x": item})))["properties"]["q"]["description"] == "new"


def test_a_body_that_is_no_object_is_one_argument():
    body = {"required": True, "content": {"application/json": {"schema": {"type": "array", "items": {}}}}}
    operation = only(report({"/x": {"post": {"requestBody": body}}}))
    assert schema(operation)["required"] == ["body"]
    assert operation.body is not None
    assert operation.body.argument == "body"


def test_a_body_whose_field_is_a_parameter_too_is_one_argument():
    body = {"content": {"application/json": {"schema": {"properties": {"q": {"type": "integer"}}}}}}
    operation = only(report({"/x": {"post": {"parameters": [query("q")], "requestBody": body}}}))
    assert list(schema(operation)["properties"]) == ["q", "body"]


def test_references_are_written_out():
    components = {
        "parameters": {"Q": query("q", schema={"$ref": "#/components/schemas/Word"})},
        "schemas": {"Word": {"type": "string", "maxLength": 9}},
    }
    paths = {"/x": {"get": {"parameters": [{"$ref": "#/components/parameters/Q"}]}}}
    operation = only(report(paths, components=components))
    assert schema(operation)["properties"]["q"] == {"type": "string", "maxLength": 9}


def test_server_variables_have_their_defaults():
    servers = [{"url": "https://{region}.a.example", "variables": {"region": {"default": "eu"}}}]
    found = report({"/x": {"get": {}}}, servers=servers)
    assert found.action is not None
    assert found.action.server == "https://eu.a.example"


def test_names_that_are_taken_or_odd_are_made_new():
    paths = {"/a": {"get": {"operationId": "list things!"}}, "/b": {"get": {"operationId": "list things?"}}}
    found = report(paths)
    assert found.action is not None
    assert [each.tool for each in found.action.operations] == ["list_things", "list_things_2"]
    renamed = tool_names_with(found.action, {"list_things"})
    assert [each.tool for each in renamed.operations] == ["label_list_things", "list_things_2"]


def test_some_operations_may_be_chosen():
    paths = {"/a": {"get": {"operationId": "a"}}, "/b": {"get": {"operationId": "b"}}}
    assert only(report(paths, spec={"operations": ("b",)})).tool == "b"
    missing = report(paths, spec={"operations": ("c",)})
    assert (missing.action, missing.problems[0]) == (None, "operations: there is no 'c' in it")


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"requestBody": {"content": {"multipart/form-data": {}}}}, "a body of multipart/form-data"),
        ({"parameters": [query("q", style="matrix")]}, "the style 'matrix'"),
        ({"parameters": [{"name": "q", "in": "query", "content": {"application/json": {}}}]}, "media type"),
        ({"parameters": [{"name": "q", "in": "body"}]}, "a parameter in 'body'"),
        ({"parameters": [query("q", schema={"$ref": "https://b.example/s.json"})]}, "outside the document"),
        ({"parameters": [query("q", schema={"$ref": "#/nowhere"})]}, "there is no '#/nowhere'"),
        ({"parameters": [query("q", schema={"$ref": "#/loop"})]}, "circle"),
        ({"parameters": [query("q", schema={"$ref": "#/tree"})]}, "refers to itself"),
    ],
)
def test_an_operation_that_cannot_be_offered_is_left_out_with_its_reason(operation, why):
    tree = {"type": "object", "properties": {"child": {"$ref": "#/tree"}}}
    paths = {"/good": {"get": {"operationId": "good"}}, "/bad": {"post": operation}}
    found = report(paths, loop={"$ref": "#/loop"}, tree=tree)
    assert only(found).tool == "good"
    (left_out,) = found.left_out
    assert left_out.startswith("POST /bad: ")
    assert why in left_out or (why == "circle" and "itself" in left_out)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (b"{", "no valid JSON"),
        (b"a: [", "no valid YAML"),
        (b"[]", "must be an object"),
        (b"swagger: '2.0'", "openapi: must be 3.0 or 3.1"),
        (b"openapi: 3.1.0\npaths: {}", "servers: the document names none"),
        (b"openapi: 3.1.0\nservers: [{url: /v1}]", "must be an absolute http or https address"),
        (b"openapi: 3.1.0\nservers: [{url: 'https://me:pw@a.example'}]", "must be an absolute"),
        (b"openapi: 3.1.0\nservers: [{url: 'https://[127.0.0.1]/'}]", "must be an absolute"),
        (b"openapi: 3.1.0\nservers: [{url: 'https://a.example:99999'}]", "must be an absolute"),
        (b"openapi: 3.1.0\nservers: [{url: 'https://a.example'}]", "no operation"),
        (b"x" * (MAX_BYTES + 1), "are allowed"),
        (b"openapi: 3.1.0\n# " + b"x" * MAX_YAML_BYTES, "as YAML it may have 262,144"),
        (b"[" * 5_000, "nested deeper"),
        (b"openapi: 3.1.0\n" + b"a: " + b"{a: " * 80 + b"1" + b"}" * 80, "nested deeper"),
        (ALIASES, "larger than"),
    ],
)
def test_a_document_that_cannot_be_used_says_why(given, problem):
    found = report(given)
    assert found.action is None
    assert problem in found.problems[0]


def test_too_many_operations_want_a_choice():
    found = report({f"/{number}": {"get": {}} for number in range(MAX_OPERATIONS + 1)})
    assert "name some" in found.problems[0]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"oneOf": [{"type": "string"}]}, "'oneOf' has no strict form"),
        ({"type": "object"}, "whose fields have no names"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "whose fields have no names"),
        ({"type": "array"}, "does not say what it holds"),
        ({"description": "?"}, "says nothing of its type"),
    ],
)
def test_what_has_no_strict_form_is_offered_as_it_is_and_told(fields, why):
    found = report({"/x": {"get": {"x-strict": True, "parameters": [query("q", schema=fields)]}}})
    assert not only(found).strict
    (told,) = found.rewritten
    assert told.refused
    assert why in told.what


def test_nullable_is_a_type_and_defaults_go():
    fields = {"type": "string", "nullable": True, "default": "x", "enum": ["x", None]}
    found = report(
        {"/x": {"get": {"x-strict": True, "parameters": [query("q", required=True, schema=fields)]}}}
    )
    assert schema(only(found))["properties"]["q"] == {
        "anyOf": [{"type": "string", "enum": ["x", None]}, {"type": "null"}]
    }


@pytest.mark.parametrize("leaf", [{"type": "string"}, {"type": "string", "description": "x" * 100_000}])
def test_schemas_that_grow_with_every_reference_are_left_out(leaf: dict[str, Any]):
    each = {f"s{n}": {"properties": {k: {"$ref": f"#/s{n + 1}"} for k in "abc"}} for n in range(15)}
    bad = {"parameters": [query("q", schema={"$ref": "#/s0"})]}
    paths = {"/good": {"get": {"operationId": "good"}}, "/bad": {"get": bad}}
    found = report(paths, **each, s15=leaf)
    assert only(found).tool == "good"
    assert "references written out" in found.left_out[0]


def test_a_document_with_thousands_of_operations_is_not_read_to_its_end():
    paths = {f"/{n}": {"get": {"operationId": "same"}} for n in range(2_001)}
    assert report(paths, spec={"operations": ("same",)}).problems == ("it has more than 2,000 operations",)


def test_a_name_that_is_taken_with_the_label_before_it_too_gets_a_number():
    found = report({"/a": {"get": {"operationId": "find"}}, "/b": {"get": {"operationId": "label_find"}}})
    assert found.action is not None
    renamed = tool_names_with(found.action, {"find"})
    assert [each.tool for each in renamed.operations] == ["label_find_2", "label_find"]
