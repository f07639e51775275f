"""What the tools of an agent that the server runs are made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, structs

from service.tools.credentials import Credential
from specs.actions import ActionReport, Auth
from specs.agents import AgentTool
from specs.errors import InvalidRequest
from specs.tools import CredentialedTool, McpServer, OpenApiTool

T = TypeVar("T", McpServer, OpenApiTool)


class Making(Struct, frozen=True):
    """Beside what is asked for."""

    seal: Callable[[Credential], str]
    """Makes of a credential of a server what may lie anywhere; "" of an empty one."""
    seal_auth: Callable[[Auth], str]
    """The same of an action's."""
    reports: Mapping[str, ActionReport] = {}
    """What the documents became, by where their tools stand: reading one takes its time."""
    before: Sequence[AgentTool] = ()
    """The tools that the agent had."""


def as_before(tool: T, making: Making, at: str, *, without: str) -> T:
    """The tool with the credential it had; one that goes elsewhere now has to be given its own.

    Raises InvalidRequest.
    """
    for earlier in making.before:
        if not isinstance(earlier, CredentialedTool) or not earlier.credential:
            continue
        if earlier.destination == tool.destination:
            return structs.replace(tool, credential=earlier.credential)
        if (type(earlier), _name(earlier)) == (type(tool), _name(tool)):
            raise wrong(
                at, f"it goes to another server now, so what lets it in has to be given again; {without}"
            )
    return tool


def _name(tool: CredentialedTool) -> str:
    return tool.label if isinstance(tool, McpServer) else tool.name


def wrong(at: str, what: str) -> InvalidRequest:
    """The refusal of a field."""
    return InvalidRequest(f"{at}: {what}.", param=at)
