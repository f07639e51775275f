"""Actions: operations of an OpenAPI document that an agent may call as tools."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.secret import Secret

Place: TypeAlias = Literal["path", "query", "header", "cookie"]
Style: TypeAlias = Literal["simple", "form", "spaceDelimited", "pipeDelimited", "deepObject"]
BodyType: TypeAlias = Literal["application/json", "application/x-www-form-urlencoded", "text/plain"]


class Parameter(Struct, frozen=True):
    """Where an argument goes. https://spec.openapis.org/oas/v3.1.1.html#parameter-object"""

    argument: str
    """Its name among the tool's arguments."""
    name: str
    place: Place
    style: Style
    explode: bool


class Body(Struct, frozen=True):
    media_type: BodyType
    argument: str | None = None
    """The argument that is the body; None where its fields are arguments themselves."""
    fields: tuple[str, ...] = ()


class Operation(Struct, frozen=True):
    """One operation, as a tool."""

    tool: str
    """The tool's name."""
    method: str
    path: str
    """Under the server's URL, with `{name}` where parameters go."""
    description: str | None
    schema: Raw
    """JSON Schema of the arguments."""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    strict: bool = False


class ApiKey(Struct, frozen=True, tag="api_key"):
    """A key in a header, in the query, or in a cookie."""

    name: str
    value: Secret
    place: Literal["header", "query", "cookie"] = "header"


class Basic(Struct, frozen=True, tag="basic"):
    """https://www.rfc-editor.org/rfc/rfc7617"""

    user: str
    password: Secret


class Bearer(Struct, frozen=True, tag="bearer"):
    token: Secret


class ClientCredentials(Struct, frozen=True, tag="client_credentials"):
    """https://www.rfc-editor.org/rfc/rfc6749#section-4.4"""

    token_url: str
    client_id: str
    client_secret: Secret
    scope: str | None = None


Auth: TypeAlias = ApiKey | Basic | Bearer | ClientCredentials


class ActionSpec(Struct, frozen=True):
    """An action as the operator configured it."""

    name: str
    """How agents name it; shown as the label of its calls."""
    document: bytes
    server: str | None = None
    """Instead of the document's own."""
    operations: tuple[str, ...] = ()
    """The tools to offer; none is all of them."""
    hosts: tuple[str, ...] = ()
    """Hosts that may be called; none is the server's alone."""
    auth: Auth | None = None


class Action(Struct, frozen=True):
    """An action ready to be called."""

    name: str
    server: str
    operations: tuple[Operation, ...]
    hosts: frozenset[str]
    auth: Auth | None = None


class Rewrite(Struct, frozen=True):
    """What was changed in an operation's schema, or why it could not be."""

    tool: str
    what: str
    refused: bool = False


class ActionReport(Struct, frozen=True):
    """What a document would become."""

    action: Action | None
    problems: tuple[str, ...] = ()
    """Why it becomes nothing."""
    left_out: tuple[str, ...] = ()
    """Operations that cannot be offered, and why."""
    rewritten: tuple[Rewrite, ...] = ()
    title: str | UnsetType = UNSET
