"""The committed OpenAPI document: it is that of this code, and it is fit to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from service.http.openapi import document
from service.http.routes import API_PATHS

COMMITTED = Path(__file__).resolve().parents[2] / "specs" / "openapi.json"
DOCUMENT = json.loads(COMMITTED.read_bytes())
OPERATIONS = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


def found(reference: str) -> Any:
    node: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node


def test_it_is_what_this_code_makes():
    assert COMMITTED.read_bytes() == document(), "specs/openapi.json is stale: run `make openapi`"


def test_every_reference_leads_somewhere():
    references = {node["$ref"] for node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)}
    assert references
    assert all(found(reference) for reference in references)


@pytest.mark.parametrize("kind", ["schemas", "responses", "headers"])
def test_every_component_is_referred_to(kind):
    references = {node["$ref"] for node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)}
    assert {f"#/components/{kind}/{name}" for name in DOCUMENT["components"][kind]} <= references


def test_component_names_tell_nothing_of_modules():
    assert [name for name in DOCUMENT["components"]["schemas"] if "." in name] == []


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_says_what_it_is(operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert ("security" in operation) == ("x-scope" in operation) == ("401" in operation["responses"])


def test_operation_ids_are_unique():
    assert len(OPERATIONS) == sum(len(path) for path in DOCUMENT["paths"].values())


def test_a_path_stands_once_and_the_other_prefix_is_told():
    first, second = API_PATHS
    assert not any(path.startswith(second) for path in DOCUMENT["paths"])
    assert f"`{first}`" in DOCUMENT["info"]["description"]
    assert f"`{second}`" in DOCUMENT["info"]["description"]


@pytest.mark.parametrize("name", ["createChatCompletion", "createResponse", "createMessage"])
def test_running_an_agent_answers_whole_or_in_events(name):
    content = OPERATIONS[name]["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/event-stream"}
    assert len(content["text/event-stream"]["schema"]["anyOf"]) >= 2


@pytest.mark.parametrize("name", ["createChatCompletion", "createResponse", "createMessage"])
def test_the_examples_are_what_the_schema_asks_for(name):
    body = OPERATIONS[name]["requestBody"]["content"]["application/json"]
    validator = jsonschema_rs.validator_for({**body["schema"], "components": DOCUMENT["components"]})
    assert [list(validator.iter_errors(example["value"])) for example in body["examples"].values()] == [
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ("ChatRequest", "messages"),
        ("CreateResponse", "input"),
        ("CreateResponse", "tools"),
        ("CreateMessage", "messages"),
        ("CreateMessage", "tools"),
    ],
)
def test_no_array_of_a_request_is_of_just_anything(schema, field):
    field = DOCUMENT["components"]["schemas"][schema]["properties"][field]
    assert [node for node in nodes(field) if node.get("items") == {}] == []
