"""The OpenAPI document, made from the routes and the wire types they declare in `opt`:
`scope`, `body` or `form`, `query`, `answer`, `stream` (the types of the events), `error` (an envelope other
than the usual) and `example` (a body that works). An `answer` of `bytes` is a file.

`python -m service.http.openapi specs/openapi.json` writes it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from service.dialects.messages.failures import OVERLOADED
from service.http.auth import ANY_KEY, PUBLIC
from service.http.limit_headers import LIMIT_HEADERS
from service.http.routes import API_HANDLERS, API_PATHS, TOP_HANDLERS
from service.http.schemas import Json, Schemas, choices, described
from specs.openai.common import ErrorBody

_ABOUT = """\
Agents behind the APIs that LLM programs already speak. `model` is the id or an alias of an agent; \
`GET {first}/models` lists those of a key.

Every path under `{first}` is served under `{second}` too. Unknown fields of a request are ignored; a \
known one is honoured, answered with a warning (header `x-dragoman-warning`), or refused by a 400 whose \
`param` names it. Every error is an `ErrorBody`, and every answer has an `x-request-id`."""

_ERRORS: dict[int, tuple[str, str]] = {
    400: ("Invalid", "The request is not valid; `param` names the field."),
    401: ("NoKey", "No valid API key."),
    403: ("Forbidden", "The key lacks the scope."),
    404: ("NotFound", "There is no such thing for this key."),
    408: ("TooSlow", "The request did not arrive in time."),
    409: ("Conflict", "Something there is in the way."),
    413: ("TooLarge", "The body is larger than this server accepts."),
    415: ("NotJSON", "The body must be application/json."),
    429: ("Limited", "The balance does not cover the request, or a limit was met."),
    431: ("HeadersTooLarge", "The headers are larger than this server accepts."),
    500: ("Broken", "Something went wrong on our side."),
    502: ("ProviderFailed", "The model's provider failed."),
    503: ("Unavailable", "The server or the model's provider cannot take the request now."),
    504: ("ProviderTooSlow", "The model's provider did not answer in time."),
    OVERLOADED: ("Overloaded", "The server or the model's provider has too much to do."),
}
"""By status: the component's name, and what it means."""
_PUBLIC_ERRORS = (400, 431, 503)
_READING_ERRORS = (400, 401, 403, 404, 431, 500, 503)
_WRITING_ERRORS = (400, 401, 403, 404, 408, 409, 413, 415, 431, 500, 503)
_INFERENCE_ERRORS = tuple(_ERRORS)
_TAGS = {
    "Accounts": "Balances, what moves them, and what things cost.",
    "Agents": "Agents as objects: made, changed, shared, and kept in all their versions.",
    "Assistants": "Agents, as the Assistants API has them.",
    "Conversations": "Items kept together, that answers go on from and are added to.",
    "Files": "What a project has stored.",
    "Inference": "Run agents.",
    "Credentials": "What projects and users reach providers with: stored, never shown.",
    "Organization": "Projects, people, keys, and what was changed.",
    "Models": "Agents, as models.",
    "Keys": "What a key can learn of itself, and the keys of one's own.",
    "Health": "For whoever watches the process.",
    "Runs": "Assistants at work on threads, step by step.",
    "Service": "The service itself.",
    "Threads": "Conversations as the Assistants API has them, and their messages.",
    "Uploads": "Files that arrive in parts.",
}
_RUN_HEADERS = (
    "x-dragoman-model",
    "x-dragoman-warning",
    "x-dragoman-cost-usd",
    "x-dragoman-balance-usd",
    "x-dragoman-balance-low",
)
_STREAM = "Server-sent events; the schema is that of one event's `data`."


def document() -> bytes:
    """The whole document as JSON, in a stable order."""
    operations = _operations()
    envelopes = {handler.opt.get("error", ErrorBody) for _, handler in operations}
    schemas = Schemas({type for _, handler in operations for type in _types_of(handler)} | envelopes)
    paths: Json = {}
    for path, handler in operations:
        paths.setdefault(path, {})[_method(handler)] = _operation(path, handler, schemas)
    tags = {tag for _, handler in operations for tag in handler.tags or ()}
    whole = {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": _TAGS[name]} for name in sorted(tags)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {
                _prefix(envelope) + name: _error(text, schemas, envelope)
                for envelope in sorted(envelopes, key=str)
                for status, (name, text) in _ERRORS.items()
                if envelope is not ErrorBody or status != OVERLOADED
            },
            "headers": _HEADERS | LIMIT_HEADERS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key, `sk-drg-…`."}
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(whole, order="deterministic"), indent=1) + b"\n"


def _info() -> Json:
    return {
        "title": "Dragoman",
        "version": version("dragoman"),
        "summary": "Agents behind the APIs that LLM programs already speak.",
        "description": _ABOUT.format(first=API_PATHS[0], second=API_PATHS[1]),
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _operations() -> list[tuple[str, HTTPRouteHandler]]:
    handlers = [*((API_PATHS[0], handler) for handler in API_HANDLERS), *TOP_HANDLERS]
    return [(prefix + path, handler) for prefix, handler in handlers for path in _paths(handler)]


def _paths(handler: HTTPRouteHandler) -> list[str]:
    return [path.replace(":path}", "}").replace(":str}", "}") for path in sorted(handler.paths)]


def _method(handler: HTTPRouteHandler) -> str:
    return next(iter(handler.http_methods)).lower()


def _types_of(handler: HTTPRouteHandler) -> list[Any]:
    named = [handler.opt[name] for name in ("body", "form", "answer") if name in handler.opt]
    return [*(type for type in named if type is not bytes), *handler.opt.get("stream", ())]


def _operation(path: str, handler: HTTPRouteHandler, schemas: Schemas) -> Json:
    opt = handler.opt
    operation: Json = {
        "operationId": handler.operation_id,
        "summary": handler.summary,
        "description": " ".join((handler.fn.__doc__ or "").split()),
        "tags": list(handler.tags or ()),
        "responses": {"200": _success(opt, schemas), **_errors(opt)},
    }
    if opt["scope"] != PUBLIC:
        operation["security"] = [{"key": []}]
        operation["x-scope"] = opt["scope"]
        operation["description"] += _scope_said(opt["scope"])
    if "body" in opt:
        operation["requestBody"] = {"required": True, "content": {"application/json": _body(opt, schemas)}}
    if "form" in opt:
        form = {"schema": schemas.of(opt["form"])}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": form}}
    parameters = [*_path_parameters(path), *_query_parameters(opt)]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _scope_said(scope: str) -> str:
    return " Any valid key will do." if scope == ANY_KEY else f" Needs the scope `{scope}`."


def _body(opt: Json, schemas: Schemas) -> Json:
    body: Json = {"schema": schemas.of(opt["body"])}
    if "example" in opt:
        streamed = {**opt["example"], "stream": True}
        body["examples"] = {"whole": {"value": opt["example"]}, "streamed": {"value": streamed}}
    return body


def _success(opt: Json, schemas: Schemas) -> Json:
    success: Json = {
        "description": "Success",
        "headers": {"x-request-id": _header("x-request-id")},
        "content": _content(opt, schemas),
    }
    if "stream" in opt:
        events = [choice for type in opt["stream"] for choice in choices(schemas.of(type))]
        success["description"] = f"The answer, whole or streamed. {_STREAM}"
        success["content"]["text/event-stream"] = {"schema": {"anyOf": events}}
        success["headers"] |= {name: _header(name) for name in _RUN_HEADERS}
    if "limit" in opt:
        success["headers"] |= {name: _header(name) for name in LIMIT_HEADERS}
    return success


def _content(opt: Json, schemas: Schemas) -> Json:
    if opt.get("answer") is bytes:
        return {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    schema = schemas.of(opt["answer"]) if "answer" in opt else {"type": "object"}
    return {"application/json": {"schema": schema}}


def _errors(opt: Json) -> Json:
    if opt["scope"] == PUBLIC:
        statuses = _PUBLIC_ERRORS
    elif "body" in opt or "form" in opt:
        statuses = _INFERENCE_ERRORS if opt["scope"] == "inference" else _WRITING_ERRORS
    else:
        statuses = _READING_ERRORS
    prefix = _prefix(opt.get("error", ErrorBody))
    return {
        str(status): {"$ref": f"#/components/responses/{prefix}{_ERRORS[status][0]}"}
        for status in statuses
        if prefix or status != OVERLOADED
    }


def _prefix(envelope: type[Struct]) -> str:
    """What tells the error answers of an envelope from the usual ones."""
    return "" if envelope is ErrorBody else envelope.__name__.removesuffix("ErrorBody")


def _error(text: str, schemas: Schemas, envelope: type[Struct]) -> Json:
    names = ("x-request-id", "retry-after", "x-should-retry")
    return {
        "description": text,
        "headers": {name: _header(name) for name in names},
        "content": {"application/json": {"schema": schemas.of(envelope)}},
    }


def _path_parameters(path: str) -> list[Json]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    schema = {"type": "string", "minLength": 1, "maxLength": 256}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema | _example(name)} for name in names
    ]


def _example(name: str) -> Json:
    return {"examples": ["agent_demo"]} if name == "model" else {}


def _query_parameters(opt: Json) -> list[Json]:
    """One for each field of the struct that describes a query."""
    if "query" not in opt:
        return []
    query = described(opt["query"])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in query.get("required", ()),
            "schema": {key: value for key, value in schema.items() if key != "description"},
            **({"description": schema["description"]} if "description" in schema else {}),
        }
        for name, schema in query["properties"].items()
    ]


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


_HEADERS: Json = {
    "x-request-id": {
        "description": "The request's id, as the server's log has it.",
        "schema": {"type": "string"},
    },
    "x-dragoman-model": {
        "description": "`provider/model` that served.",
        "schema": {"type": "string"},
    },
    "x-dragoman-warning": {
        "description": "What could not be honoured.",
        "schema": {"type": "string"},
    },
    "x-dragoman-cost-usd": {
        "description": "What a whole answer cost its account, in USD.",
        "schema": {"type": "string"},
    },
    "x-dragoman-balance-usd": {
        "description": "What the account has left after a whole answer, in USD; absent without a limit.",
        "schema": {"type": "string"},
    },
    "x-dragoman-balance-low": {
        "description": "`true` where that is less than the account's `low_balance`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "retry-after": {
        "description": "Seconds after which a retry can help.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "x-should-retry": {
        "description": "`false` where a retry cannot help.",
        "schema": {"type": "string", "enum": ["false"]},
    },
}


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(document())
