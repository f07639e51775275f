"""The tool of type `openapi`, from the wire: a document, and what lets the server in where it leads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

import msgspec
from msgspec import Raw, Struct, UnsetType, structs

from service.dialects.agents.making import Making, as_before, wrong
from service.dialects.mcp_tools import http_url
from service.dialects.validation import at_most, decode_part, name_of_tool, required, shown
from specs.actions import ActionSpec, ApiKey, Auth, Basic, Bearer, ClientCredentials
from specs.openai import agent_tools as wire
from specs.openai.mcp_tools import MAX_SECRET
from specs.secret import Secret
from specs.tools import OpenApiTool

_NAME = re.compile(wire.ACTION_NAME)
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_SENT_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_text = msgspec.json.Decoder(str)


def documents_of(tools: Sequence[Struct]) -> dict[str, ActionSpec]:
    """The documents among the tools that are asked for, by where they stand.

    Raises InvalidRequest naming the field at fault.
    """
    return {
        f"tools[{index}]": _spec(tool.openapi, f"tools[{index}].openapi")
        for index, tool in enumerate(tools)
        if isinstance(tool, wire.OpenApiParam)
    }


def _spec(asked: wire.OpenApiFields, at: str) -> ActionSpec:
    if not _NAME.fullmatch(asked.name):
        raise wrong(
            f"{at}.name",
            f"{shown(asked.name)} may hold 1 to 32 letters, digits, '_' and '-', "
            "and begins with a letter or digit",
        )
    at_most(asked.description, wire.MAX_DESCRIPTION, param=f"{at}.description")
    if asked.server is not None:
        http_url(asked.server, f"{at}.server")
    hosts, operations = asked.hosts or (), asked.operations or ()
    _few(hosts, wire.MAX_HOSTS, f"{at}.hosts")
    _few(operations, wire.MAX_OPERATIONS, f"{at}.operations")
    for index, host in enumerate(hosts):
        if not _HOST.fullmatch(host):
            raise wrong(f"{at}.hosts[{index}]", f"{shown(host)} must be the name or address of a host")
    for index, name in enumerate(operations):
        name_of_tool(name, param=f"{at}.operations[{index}]")
    document = document_text(asked.spec, param=f"{at}.spec").encode()
    return ActionSpec(asked.name, document, asked.server, operations, hosts)


def document_text(given: Raw, *, param: str) -> str:
    """A document that was sent as an object or as text, as text."""
    if bytes(given)[:1] == b'"':
        return decode_part(given, _text, param=param)
    return bytes(given).decode()


def read_action(asked: wire.OpenApiFields, at: str, making: Making) -> OpenApiTool:
    """An action whose document has been read.

    Raises InvalidRequest naming the field at fault.
    """
    report, at = making.reports[at], f"{at}.openapi"
    for problem in report.problems:
        of_operations = problem.startswith("operations: ")
        raise wrong(f"{at}.{'operations' if of_operations else 'spec'}", problem.removeprefix("operations: "))
    action = required(report.action, param=f"{at}.spec")
    tool = OpenApiTool(
        asked.name,
        document_text(asked.spec, param=f"{at}.spec"),
        asked.description,
        asked.server,
        asked.operations or (),
        asked.hosts or (),
        base=action.server,
        offered=action.operations,
    )
    if isinstance(asked.auth, UnsetType):
        return as_before(tool, making, f"{at}.auth", without="null goes on without")
    if asked.auth is None:
        return tool
    return structs.replace(tool, credential=making.seal_auth(_auth(asked.auth, f"{at}.auth")))


def _auth(asked: wire.AuthParam, at: str) -> Auth:
    match asked:
        case wire.ApiKeyParam(name, value, place):
            if not _SENT_NAME.fullmatch(name):
                raise wrong(f"{at}.name", f"{shown(name)} is no name of a {place}")
            return ApiKey(name, _secret(value, f"{at}.value"), place)
        case wire.BasicParam(user, password):
            at_most(user, wire.MAX_WORDS, param=f"{at}.user")
            return Basic(user, _secret(password, f"{at}.password"))
        case wire.BearerParam(token):
            return Bearer(_secret(token, f"{at}.token"))
        case wire.ClientCredentialsParam(token_url, client_id, client_secret, scope):
            at_most(client_id, wire.MAX_WORDS, param=f"{at}.client_id")
            at_most(scope, wire.MAX_WORDS, param=f"{at}.scope")
            secret = _secret(client_secret, f"{at}.client_secret")
            return ClientCredentials(http_url(token_url, f"{at}.token_url"), client_id, secret, scope)
        case _:
            assert_never(asked)


def _secret(value: str, at: str) -> Secret:
    """Refuse what cannot be sent, without saying what it is."""
    at_most(required(value or None, param=at), MAX_SECRET, param=at)
    if not (value.isascii() and value.isprintable()):
        raise wrong(at, "may hold printable ASCII characters only")
    return Secret(value)


def _few(values: Sequence[str], most: int, at: str) -> None:
    if len(values) > most:
        raise wrong(at, f"may have at most {most} entries; it has {len(values)}")
