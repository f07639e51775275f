"""From a call's arguments to the HTTP request that carries them out. Pure.

Serialisation: https://spec.openapis.org/oas/v3.1.1.html#style-values
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from specs.actions import Action, Operation, Parameter

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|", "deepObject": ","}


class BadArguments(Exception):
    """The arguments do not make a request; the message tells the model why."""


class Asked(Struct, frozen=True):
    """A request, without its credential."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None


_arguments = msgspec.json.Decoder(dict[str, Any])


def request_of(action: Action, operation: Operation, arguments: str) -> Asked:
    """Write the request for a call. What is null is left out.

    Raises BadArguments.
    """
    given: dict[str, Json] = {name: value for name, value in _read(arguments).items() if value is not None}
    known = {each.argument for each in operation.parameters}
    known |= _body_arguments(operation)
    strangers = given.keys() - known
    if strangers:
        raise BadArguments(f"There is no argument {sorted(strangers)[0]!r}; known are {sorted(known)}.")
    query, headers = _query(operation, given), _headers(operation, given)
    body = _body(operation, given)
    if body is not None and operation.body is not None:
        headers["content-type"] = operation.body.media_type
    return Asked(operation.method, f"{action.server}{_path(operation, given)}{query}", headers, body)


def _read(arguments: str) -> dict[str, Json]:
    try:
        return _arguments.decode(arguments) if arguments.strip() else {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadArguments("The arguments are no valid JSON object.") from error


def _body_arguments(operation: Operation) -> set[str]:
    body = operation.body
    if body is None:
        return set()
    return {body.argument} if body.argument is not None else set(body.fields)


def _path(operation: Operation, given: dict[str, Json]) -> str:
    path = operation.path
    for parameter in operation.parameters:
        if parameter.place != "path":
            continue
        if parameter.argument not in given:
            raise BadArguments(f"The argument {parameter.argument!r} is missing.")
        text = ",".join(_texts(given[parameter.argument], explode=parameter.explode))
        if text in ("", ".", ".."):
            raise BadArguments(f"The argument {parameter.argument!r} cannot stand in a path.")
        path = path.replace(f"{{{parameter.name}}}", quote(text, safe=""))
    return path if path.startswith("/") else f"/{path}"


def _query(operation: Operation, given: dict[str, Json]) -> str:
    pairs = [
        pair
        for parameter in operation.parameters
        if parameter.place == "query" and parameter.argument in given
        for pair in _pairs(parameter, given[parameter.argument])
    ]
    return f"?{urlencode(pairs, quote_via=quote)}" if pairs else ""


def _headers(operation: Operation, given: dict[str, Json]) -> dict[str, str]:
    headers = {"accept": "application/json, text/*;q=0.9, */*;q=0.1"}
    cookies: list[str] = []
    for parameter in operation.parameters:
        if parameter.argument not in given or parameter.place not in ("header", "cookie"):
            continue
        text = ",".join(_texts(given[parameter.argument], explode=parameter.explode))
        if not text.isprintable() or not text.isascii():
            raise BadArguments(f"The argument {parameter.argument!r} cannot stand in a header.")
        if parameter.place == "header":
            headers[parameter.name] = text
        else:
            cookies.append(f"{parameter.name}={quote(text, safe='')}")
    if cookies:
        headers["cookie"] = "; ".join(cookies)
    return headers


def _body(operation: Operation, given: dict[str, Json]) -> bytes | None:
    body = operation.body
    if body is None:
        return None
    if body.argument is not None:
        value = given.get(body.argument)
    else:
        value = {name: given[name] for name in body.fields if name in given} or None
    if value is None:
        return None
    match body.media_type:
        case "application/json":
            return msgspec.json.encode(value)
        case "application/x-www-form-urlencoded":
            fields = value if isinstance(value, dict) else {}
            return urlencode([(name, _scalar(each)) for name, each in fields.items()]).encode()
        case "text/plain":
            return _scalar(value).encode()


def _pairs(parameter: Parameter, value: Json) -> Iterator[tuple[str, str]]:
    """The name=value pairs of a query parameter."""
    name = parameter.name
    if parameter.style == "deepObject" and isinstance(value, dict):
        yield from ((f"{name}[{key}]", _scalar(each)) for key, each in value.items())
    elif isinstance(value, dict) and parameter.explode:
        yield from ((key, _scalar(each)) for key, each in value.items())
    elif isinstance(value, list) and parameter.explode:
        yield from ((name, _scalar(each)) for each in value)
    else:
        yield name, SEPARATORS[parameter.style].join(_texts(value, explode=False))


def _texts(value: Json, *, explode: bool) -> list[str]:
    if isinstance(value, dict):
        if explode:
            return [f"{key}={_scalar(each)}" for key, each in value.items()]
        return [text for key, each in value.items() for text in (key, _scalar(each))]
    return [_scalar(each) for each in value] if isinstance(value, list) else [_scalar(value)]


def _scalar(value: Json) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
