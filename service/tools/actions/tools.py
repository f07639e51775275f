"""The operations of actions, run for a model: one request each, through the door."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from urllib.parse import urlsplit

import structlog

from service.egress import Bounds, Door, EgressError, Fetched
from service.tools.actions.credentials import Credential, NoToken
from service.tools.actions.requests import BadArguments, request_of
from service.tools.base import Known, Listed, ToolOutcome
from specs.actions import Action, Operation
from specs.items import FunctionCall
from specs.requests import FunctionTool, Tool

log = structlog.get_logger()


class Connected:
    """An action and what lets its requests in. One for all runs."""

    def __init__(self, action: Action, door: Door, *, refusal: str | None = None) -> None:
        """`refusal` is what the model is told instead of every answer."""
        self.action = action
        self.refusal = refusal
        self.credential = Credential(action.auth, door)

    def renamed(self, action: Action) -> Connected:
        """The same under other tool names: its token is the same."""
        other = copy(self)
        other.action = action
        return other


class ActionTools:
    """A `ToolSet` of some actions. `bounds` are those of one request."""

    servers: tuple[str, ...] = ()

    def __init__(self, connected: Iterable[Connected], door: Door, *, bounds: Bounds) -> None:
        self._door = door
        self._bounds = bounds
        self._tools = {
            operation.tool: (each, operation) for each in connected for operation in each.action.operations
        }
        self.definitions: tuple[Tool, ...] = tuple(
            FunctionTool(name, operation.description, operation.schema, operation.strict or None)
            for name, (_, operation) in self._tools.items()
        )

    async def list_tools(self, server: str) -> Listed:
        """There is nobody to ask: the document says all."""
        return Listed()

    def known(self, name: str) -> Known | None:
        """The operation that the model calls so."""
        found = self._tools.get(name)
        return None if found is None else Known(found[0].action.name, name)

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Carry out one operation; a refusal is an outcome the model sees."""
        found = self._tools.get(call.name)
        if found is None:
            return ToolOutcome(error=f"There is no tool {call.name!r}.")
        connected, operation = found
        if connected.refusal is not None:
            return ToolOutcome(error=connected.refusal)
        try:
            return _outcome(await self._fetch(connected, operation, call.arguments))
        except (BadArguments, NoToken) as error:
            return ToolOutcome(error=str(error))
        except EgressError as error:
            log.warning(
                "action_failed", action=connected.action.name, tool=call.name, error=type(error).__name__
            )
            return ToolOutcome(error=f"The call failed: {type(error).__doc__ or error}")

    async def aclose(self) -> None:
        """The door stays its owner's to close."""

    async def _fetch(self, connected: Connected, operation: Operation, arguments: str) -> Fetched:
        action = connected.action
        asked = request_of(action, operation, arguments)
        if (urlsplit(asked.url).hostname or "").lower() not in action.hosts:
            raise BadArguments("The action may not call this host.")
        asked = await connected.credential.on(asked)
        return await self._door.fetch(
            asked.url, method=asked.method, headers=asked.headers, body=asked.body, bounds=self._bounds
        )


def _outcome(answer: Fetched) -> ToolOutcome:
    text = answer.body.decode("utf-8", "replace")
    if "\0" in text:
        return ToolOutcome(error=f"The answer ({answer.status}) is no text.")
    if 200 <= answer.status < 300:
        return ToolOutcome(output=text)
    return ToolOutcome(error=f"HTTP {answer.status}: {text}" if text else f"HTTP {answer.status}")
