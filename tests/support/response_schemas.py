"""The published OpenAPI documents of the Responses API, as judges of what we send."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

SPECS = Path(__file__).resolve().parents[2] / ".." / "shared" / "specs"
OPEN = "open-responses-2026-04-24.openapi.json"
OPENAI = "openai-openapi-2026-08-21.subset.json"
RESPONSE = {OPEN: "ResponseResource", OPENAI: "Response"}


def violations(document: str, value: dict[str, Any]) -> list[str]:
    """What the document has against an event or a response object."""
    name = _events(document)[value["type"]] if "type" in value else RESPONSE[document]
    return [
        f"{value.get('type', 'response')}{error.instance_path}: {error.message}"
        for error in _validator(document, name).iter_errors(value)
    ]


@cache
def _schemas(document: str) -> dict[str, Any]:
    path = SPECS / document
    if not path.exists():
        pytest.skip(f"{document} is not beside this checkout")
    schemas = json.loads(path.read_text())["components"]["schemas"]
    (_relax_openai if document == OPENAI else _relax_open)(schemas)
    return schemas


@cache
def _validator(document: str, name: str) -> jsonschema_rs.Draft202012Validator:
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _schemas(document)}}
    return jsonschema_rs.Draft202012Validator(root)


@cache
def _events(document: str) -> dict[str, str]:
    """Schema names by the event's `type`."""
    names = {}
    for name, schema in _schemas(document).items():
        kind = schema.get("properties", {}).get("type", {}).get("enum", [""])[0]
        if "sequence_number" in schema.get("properties", {}):
            names[kind] = name
    return names


def _relax_openai(schemas: dict[str, Any]) -> None:
    """What its own server does not keep to: usage is null at first, and codes are not only these."""
    schemas["ResponseErrorCode"] = {"type": "string"}
    own = schemas["Response"]["allOf"][2]["properties"]
    own["usage"] = {"anyOf": [own["usage"], {"type": "null"}]}
    own["incomplete_details"]["anyOf"][0]["properties"]["reason"] = {"type": "string"}


def _relax_open(schemas: dict[str, Any]) -> None:
    """A schema generator's slip: the echo of a JSON schema could only be null."""
    echo = schemas["JsonSchemaResponseFormat"]
    echo["properties"]["schema"] = {"type": "object"}
    echo["required"].remove("description")
