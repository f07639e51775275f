"""The published OpenAPI documents as judges: is this body what they promise?"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema_rs
import pytest

SPECS = Path(__file__).resolve().parents[2] / ".." / "shared" / "specs"
OPENAI = "openai-openapi-2026-08-21.subset.json"


def validator(schema: str, document: str = OPENAI) -> jsonschema_rs.Validator:
    """A validator for one schema of a document; skips the test where the document is absent."""
    path = SPECS / document
    if not path.exists():
        pytest.skip(f"{document} is not at hand (../shared/specs)")
    return _validator(str(path), schema)


@cache
def _validator(path: str, schema: str) -> jsonschema_rs.Validator:
    schemas = _nullables_said(json.loads(Path(path).read_text()))["components"]["schemas"]
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas}}
    )


def _nullables_said(node):
    """Rewrite `nullable: true`, which JSON Schema does not know, as a choice with null."""
    if isinstance(node, list):
        return [_nullables_said(each) for each in node]
    if not isinstance(node, dict):
        return node
    said = {key: _nullables_said(value) for key, value in node.items()}
    if said.pop("nullable", False) is True:
        return {"anyOf": [said, {"type": "null"}]}
    return said
