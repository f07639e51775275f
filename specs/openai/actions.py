"""Ours, in the manners of OpenAI's API: what an OpenAPI document would become."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct


class ValidateAction(Struct, frozen=True, omit_defaults=True):
    """The body of `POST /v1/actions/validate`."""

    document: Raw
    """The document: an object, or its text (JSON or YAML)."""
    server: str | None = None
    """Instead of the document's own."""
    operations: tuple[str, ...] | None = None
    """The tools to offer; left out, all of them."""


class ActionTool(Struct, frozen=True):
    name: str
    description: str | None
    method: str
    path: str
    strict: bool
    parameters: Raw
    """JSON Schema of the arguments."""


class ActionHost(Struct, frozen=True):
    host: str
    allowed: bool
    """False: the address policy refuses it. A name is judged again where it leads, at every call."""


class ActionRewrite(Struct, frozen=True):
    tool: str
    change: str
    refused: bool
    """True: the schema has no strict form, and the tool is not strict."""


class ActionValidation(Struct, frozen=True):
    """The answer of `POST /v1/actions/validate`."""

    object: Literal["action.validation"]
    valid: bool
    title: str
    tools: tuple[ActionTool, ...]
    hosts: tuple[ActionHost, ...]
    rewritten: tuple[ActionRewrite, ...]
    left_out: tuple[str, ...]
    """Operations that cannot be offered, and why."""
    problems: tuple[str, ...]
    """Why it cannot be used."""
