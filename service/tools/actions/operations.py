"""From an OpenAPI document to operations: each a tool with one schema for all its arguments.

Source: https://spec.openapis.org/oas/v3.1.1.html#operation-object
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, structs

from service.tools.actions.document import Document, DocumentError, Json, read_document
from service.tools.actions.strict import NotStrict, to_strict
from specs.actions import (
    Action,
    ActionReport,
    ActionSpec,
    Body,
    BodyType,
    Operation,
    Parameter,
    Place,
    Rewrite,
    Style,
)

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
MAX_OPERATIONS = 128
"""Tools that a model can be offered at once."""
MAX_READ = 2_000
"""Operations of a document that are looked at, whichever of them are wanted."""
MAX_NAME = 64
BODY_TYPES: tuple[BodyType, ...] = ("application/json", "application/x-www-form-urlencoded", "text/plain")
STYLES: dict[Place, tuple[Style, ...]] = {
    "path": ("simple",),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
"""The first is what a place has where the document names none."""
RESERVED_HEADERS = frozenset({"accept", "content-type", "authorization", "host", "content-length", "cookie"})
BODY_ARGUMENT = "body"


class _Unusable(Exception):
    """An operation cannot be offered; the message says why."""


def report_of(spec: ActionSpec) -> ActionReport:
    """What a document becomes: the action, what is left out of it, and what was rewritten."""
    try:
        document = read_document(spec.document)
        server = _server(document, spec)
        found = _Operations(document)
        every = found.read()
    except DocumentError as error:
        return ActionReport(None, problems=(str(error),))
    operations = tuple(each for each in every if not spec.operations or each.tool in spec.operations)
    known = {each.tool for each in operations}
    problems = [f"operations: there is no {name!r} in it" for name in spec.operations if name not in known]
    if len(operations) > MAX_OPERATIONS:
        problems.append(f"it has {len(operations)} operations; {MAX_OPERATIONS} are allowed: name some")
    if not operations and not problems:
        problems.append("it has no operation that can be offered")
    hosts = frozenset(host.lower() for host in spec.hosts) or frozenset({urlsplit(server).hostname or ""})
    action = Action(spec.name, server, operations, hosts, spec.auth)
    info = document.table(document.root.get("info"))
    return ActionReport(
        None if problems else action,
        tuple(problems),
        tuple(found.left_out),
        tuple(each for each in found.rewritten if each.tool in known),
        str(info.get("title", "")),
    )


def _server(document: Document, spec: ActionSpec) -> str:
    """Where its operations are.

    Raises DocumentError.
    """
    url = spec.server
    if url is None:
        servers = document.tables(document.root.get("servers"))
        if not servers:
            raise DocumentError("servers: the document names none; say where it is")
        url = str(servers[0].get("url", ""))
        for name, variable in document.table(servers[0].get("variables")).items():
            url = url.replace(f"{{{name}}}", str(document.table(variable).get("default", "")))
    if not _is_address(url):
        raise DocumentError(f"servers[0].url: {url[:100]!r} must be an absolute http or https address")
    return url.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets around what is no IPv6 address, or a port that is none
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and port != 0


class _Operations:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._names: set[str] = set()
        self.left_out: list[str] = []
        self.rewritten: list[Rewrite] = []

    def read(self) -> list[Operation]:
        found: list[Operation] = []
        for path, given in self._document.table(self._document.root.get("paths")).items():
            try:
                item = self._document.table(given)
            except DocumentError as error:
                self.left_out.append(f"{path}: {error}")
                continue
            for method in METHODS:
                if method in item:
                    if len(found) + len(self.left_out) >= MAX_READ:
                        raise DocumentError(f"it has more than {MAX_READ:,} operations")
                    try:
                        found.append(self._operation(method, path, item))
                    except (_Unusable, DocumentError) as error:
                        self.left_out.append(f"{method.upper()} {path}: {error}")
        return found

    def _operation(self, method: str, path: str, item: dict[str, Json]) -> Operation:
        given = self._document.table(item[method])
        arguments = _Arguments(self._document)
        for parameter in self._parameters(item, given):
            arguments.add(parameter)
        body = arguments.add_body(self._document.table(given.get("requestBody")))
        tool = self._name(given, method, path)
        schema, strict = arguments.schema, given.get("x-strict") is True
        if strict:
            schema, strict = self._strict(tool, schema)
        text = given.get("description") or given.get("summary") or item.get("summary")
        return Operation(
            tool=tool,
            method=method.upper(),
            path=path,
            description=None if text is None else str(text),
            schema=Raw(msgspec.json.encode(schema)),
            parameters=tuple(arguments.parameters),
            body=body,
            strict=strict,
        )

    def _parameters(self, item: dict[str, Json], given: dict[str, Json]) -> list[dict[str, Json]]:
        """Those of the path, and the operation's own in their place."""
        both = (
            *self._document.tables(item.get("parameters")),
            *self._document.tables(given.get("parameters")),
        )
        return list({(str(each.get("name")), str(each.get("in"))): each for each in both}.values())

    def _strict(self, tool: str, schema: dict[str, Json]) -> tuple[dict[str, Json], bool]:
        notes: list[str] = []
        try:
            strict = to_strict(schema, notes.append)
        except NotStrict as error:
            self.rewritten.append(Rewrite(tool, str(error), refused=True))
            return schema, False
        self.rewritten.extend(Rewrite(tool, note) for note in notes)
        assert isinstance(strict, dict)
        return strict, True

    def _name(self, given: dict[str, Json], method: str, path: str) -> str:
        """Its `operationId`, or its method and path, in the letters that a tool's name may have."""
        words = given.get("operationId") or f"{method} {path}"
        name = _free_name(re.sub(r"[^a-zA-Z0-9_-]+", "_", str(words)).strip("_") or method, self._names)
        self._names.add(name)
        return name


class _Arguments:
    """One object of arguments for what goes to path, query, headers, cookies and body."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._properties: dict[str, Json] = {}
        self._required: list[Json] = []
        self.parameters: list[Parameter] = []

    @property
    def schema(self) -> dict[str, Json]:
        """JSON Schema of the arguments."""
        return {
            "type": "object",
            "properties": self._properties,
            "required": self._required,
            "additionalProperties": False,
        }

    def add(self, given: dict[str, Json]) -> None:
        """A parameter of the document."""
        name, place = str(given.get("name", "")), given.get("in")
        if place not in STYLES or not name:
            raise _Unusable(f"a parameter in {place!r}, which is none of {', '.join(STYLES)}")
        if place == "header" and name.lower() in RESERVED_HEADERS:
            return
        style = given.get("style", STYLES[place][0])
        if style not in STYLES[place]:
            raise _Unusable(f"the parameter {name!r} has the style {style!r}, which is not known")
        argument = name if name not in self._properties else f"{place}_{name}"
        if argument in self._properties:
            raise _Unusable(f"two parameters are named {name!r}")
        explode = given.get("explode", style in ("form", "deepObject")) is True
        self.parameters.append(Parameter(argument, name, place, style, explode))
        self._put(argument, _described(given, self._schema(given)), required=given.get("required") is True)

    def add_body(self, given: dict[str, Json]) -> Body | None:
        """The request's body: an object's fields are arguments where no parameter has their names."""
        content = self._document.table(given.get("content"))
        if not content:
            return None
        media_type: BodyType | None = next((each for each in BODY_TYPES if each in content), None)
        if media_type is None:
            raise _Unusable(f"a body of {', '.join(content)}; known are {', '.join(BODY_TYPES)}")
        whole = self._document.whole(self._document.table(content[media_type]).get("schema", {}))
        fields = _fields(whole) if media_type != "text/plain" else None
        required = given.get("required") is True
        if fields is None or fields.keys() & self._properties.keys():
            argument = BODY_ARGUMENT if BODY_ARGUMENT not in self._properties else "request_body"
            self._put(argument, whole, required=required)
            return Body(media_type, argument)
        listed = whole.get("required") if isinstance(whole, dict) else None
        needed = set(map(str, listed)) if isinstance(listed, list) else set()
        for name, schema in fields.items():
            self._put(name, schema, required=required and name in needed)
        return Body(media_type, None, tuple(fields))

    def _schema(self, given: dict[str, Json]) -> Json:
        if "schema" in given:
            return self._document.whole(given["schema"])
        if "content" in given:
            raise _Unusable(
                f"the parameter {given.get('name')!r} is written as a media type, which is not known"
            )
        return {"type": "string"}

    def _put(self, argument: str, schema: Json, *, required: bool) -> None:
        self._properties[argument] = schema
        if required:
            self._required.append(argument)


def _described(given: dict[str, Json], schema: Json) -> Json:
    text = given.get("description")
    if text is None or not isinstance(schema, dict) or "description" in schema:
        return schema
    return {**schema, "description": text}


def _fields(schema: Json) -> dict[str, Json] | None:
    """The fields of an object that has names for them; None for any other."""
    if not isinstance(schema, dict) or schema.keys() & {"oneOf", "anyOf", "allOf"}:
        return None
    properties = schema.get("properties")
    extra = schema.get("additionalProperties", False)
    return properties if isinstance(properties, dict) and properties and extra is not True else None


def tool_names_with(action: Action, taken: set[str]) -> Action:
    """The action with its label before the names that are taken already, and a number where that is, too."""
    used = taken | {each.tool for each in action.operations}
    operations: list[Operation] = []
    for each in action.operations:
        name = _free_name(f"{action.name}_{each.tool}", used) if each.tool in taken else each.tool
        used.add(name)
        operations.append(structs.replace(each, tool=name))
    return structs.replace(action, operations=tuple(operations))


def _free_name(wanted: str, used: set[str]) -> str:
    name, number = wanted[:MAX_NAME], 1
    while name in used:
        number += 1
        name = f"{wanted[: MAX_NAME - 4]}_{number}"
    return name
