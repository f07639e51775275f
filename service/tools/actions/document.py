"""Reads an OpenAPI 3.0 or 3.1 document: JSON or YAML, bounded, its references followed inside it only.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_BYTES = 2**20
MAX_YAML_BYTES = 2**18
"""YAML is read in Python, at some 8 ms for each KiB; a larger document has to come as JSON."""
MAX_DEPTH = 64
MAX_NODES = 200_000
"""Values of a document, aliases of YAML written out."""
MAX_WRITTEN = 200_000
"""Values of all schemas together, references written out: what refers to one thing often grows with it."""
MAX_TEXT = 2 * 2**20
"""Characters of all their texts together."""
MAX_REFERENCES = 32
"""References that lead to references; more is a circle."""


class DocumentError(Exception):
    """The document cannot be used; the message says what is wrong."""


class Document:
    """A document whose references can be followed."""

    def __init__(self, root: dict[str, Json]) -> None:
        self.root = root
        self._written = 0
        self._text = 0

    def table(self, value: Json) -> dict[str, Json]:
        """A value as an object, with what it refers to in its place; empty where it is something else.

        Raises DocumentError for a reference that leads nowhere, in a circle, or out of the document.
        """
        for _ in range(MAX_REFERENCES):
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._target(reference)
        raise DocumentError("a $ref leads in a circle")

    def tables(self, value: Json) -> list[dict[str, Json]]:
        """The objects of a list, each as `table` gives it."""
        return [self.table(each) for each in value] if isinstance(value, list) else []

    def whole(self, value: Json, *, depth: int = 0, inside: tuple[str, ...] = ()) -> Json:
        """A schema with every reference written out.

        Raises DocumentError as `table`, where a schema refers to itself, and where the document's schemas
        are too many when they are written out.
        """
        self._count(value)
        if depth > MAX_DEPTH:
            raise DocumentError(f"a schema is nested deeper than {MAX_DEPTH}")
        if isinstance(value, list):
            return [self.whole(each, depth=depth + 1, inside=inside) for each in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str):
            if reference in inside:
                raise DocumentError(f"the schema {reference!r} refers to itself")
            beside = {key: each for key, each in value.items() if key != "$ref"}
            target = self._target(reference)
            merged = {**target, **beside} if isinstance(target, dict) else target
            return self.whole(merged, depth=depth + 1, inside=(*inside, reference))
        return {key: self.whole(each, depth=depth + 1, inside=inside) for key, each in value.items()}

    def _count(self, value: Json) -> None:
        self._written += 1
        if isinstance(value, dict):
            self._text += sum(map(len, value))
        elif isinstance(value, str):
            self._text += len(value)
        if self._written > MAX_WRITTEN or self._text > MAX_TEXT:
            raise DocumentError(
                f"its schemas have more than {MAX_WRITTEN:,} values or {MAX_TEXT:,} characters, "
                "references written out"
            )

    def _target(self, reference: str) -> Json:
        """https://www.rfc-editor.org/rfc/rfc6901, as a fragment."""
        if not reference.startswith("#/"):
            raise DocumentError(f"$ref: {reference[:80]!r} is outside the document, which is not followed")
        place: Json = self.root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            place = place.get(name) if isinstance(place, dict) else None
        if place is None:
            raise DocumentError(f"$ref: there is no {reference[:80]!r} in the document")
        return place


def read_document(data: bytes) -> Document:
    """Read a document.

    Raises DocumentError.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"the document has {len(data):,} bytes; {MAX_BYTES:,} are allowed")
    root = _parse(data)
    if not isinstance(root, dict):
        raise DocumentError("the document must be an object")
    version = str(root.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        raise DocumentError(f"openapi: must be 3.0 or 3.1, is {version[:20]!r}")
    _bound(root)
    return Document(root)


def _parse(data: bytes) -> Json:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        if data.lstrip()[:1] in (b"{", b"["):
            raise DocumentError(f"the document is no valid JSON: {error}") from error
    except RecursionError as error:
        raise DocumentError(f"the document is nested deeper than {MAX_DEPTH}") from error
    return _parse_yaml(data)


def _parse_yaml(data: bytes) -> Json:
    import yaml  # only documents that are no JSON pay for it

    if len(data) > MAX_YAML_BYTES:
        raise DocumentError(
            f"the document has {len(data):,} bytes; as YAML it may have {MAX_YAML_BYTES:,}, "
            f"as JSON {MAX_BYTES:,}"
        )
    try:
        return yaml.load(data, _loader())
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DocumentError(f"the document is no valid YAML: {' '.join(str(error).split())[:200]}") from error


def _loader() -> type:
    import yaml

    class Loader(yaml.SafeLoader):
        """Leaves dates as text: JSON has none."""

    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.yaml_implicit_resolvers = resolvers
    return Loader


def _bound(root: Json) -> None:
    """Refuse what is too deep or, aliases written out, too large; keys that are no text become it."""
    waiting: list[tuple[Json, int]] = [(root, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > MAX_NODES:
            raise DocumentError(
                f"the document is nested deeper than {MAX_DEPTH}, or larger than {MAX_NODES:,}"
            )
        if isinstance(value, dict):
            for key in [key for key in value if not isinstance(key, str)]:
                value[str(key)] = value.pop(key)  # YAML reads the status `200:` as a number
            waiting.extend((each, depth + 1) for each in value.values())
        elif isinstance(value, list):
            waiting.extend((each, depth + 1) for each in value)
