"""`ToolChoiceKeeper`: holds one run to its `tool_choice` and to the caller's limits on calls.

What a model is told when it does not keep to them stands in its context and nowhere else: neither
the caller nor a stored answer sees it.
Source: Open Responses 2026-04-24, `tool_choice`, `max_tool_calls`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import structs

from service.engine.permitted import PermittedCalls
from service.tools.base import ToolSet
from specs.errors import ToolChoiceIgnored
from specs.events import Event, Warned
from specs.items import FunctionCall, FunctionResult, Item, Message, Text
from specs.requests import RunRequest, ServerChoice, ToolChoice

MOST_REFUSALS = 3
"""Model calls of a run that may come to nothing but refused calls before it is given up."""


class ToolChoiceKeeper:
    """Knows what may be called now, and what the model was told aside."""

    def __init__(self, request: RunRequest, *, is_hosted: Callable[[str], bool]) -> None:
        self._choice = request.tool_choice or ToolChoice()
        self._single = request.settings.parallel_tool_calls is False
        self._hosted_left = request.max_tool_calls
        self._is_hosted = is_hosted
        self._refusals = 0
        self._urged = False
        self._asides: dict[int, list[Item]] = {}

    @property
    def choice(self) -> ToolChoice:
        """What the next model call is told."""
        return self._choice

    def settle(self, tools: ToolSet) -> list[Event]:
        """Put the names that the model knows them by in place of tools of servers, now that those were
        asked; warns of a choice that cannot be met."""
        choice = self._choice
        if not choice.servers:
            return []
        names: list[str] = []
        warnings: list[Event] = []
        for server in choice.servers:
            found = offered(tools, server)
            names += found
            if not found:
                warnings.append(Warned(_not_offered(server), server.param))
        if choice.allowed is not None:
            allowed = (*choice.allowed, *names)
            self._choice = ToolChoice(choice.mode, allowed=allowed) if allowed else ToolChoice("none")
        elif len(names) == 1:
            self._choice = ToolChoice("required", name=names[0])
        else:
            self._choice = ToolChoice("required", allowed=tuple(names)) if names else ToolChoice()
        return warnings

    def watch(self) -> PermittedCalls:
        """Begin a model call: let through what may be called in it."""
        made = 0

        def why_not(call: FunctionCall) -> str | None:
            nonlocal made
            if not may_call(self._choice, call.name):
                return f"The caller does not allow {call.name!r} to be called now. Go on without it."
            if self._single and made:
                return "Only one call at a time is allowed. Make the others later."
            if self._is_hosted(call.name) and not self.take_hosted():
                return "No more tool calls are allowed. Answer with what you have."
            made += 1
            return None

        return PermittedCalls(why_not)

    def called(self) -> None:
        """A call was made: a forced choice is honoured, the rest is the model's to decide."""
        if self._choice.mode == "required":
            self._choice = structs.replace(self._choice, mode="auto", name=None)

    def goes_on(self, calls: PermittedCalls, *, after: Sequence[Item], trusted: bool) -> bool:
        """Whether the model has to be asked again after a step that made no call.

        `after` are the items so far, `trusted` whether the provider makes the model call where it must.
        Raises ToolChoiceIgnored when it was told before.
        """
        if calls.refused:
            return self._tell_refused(calls.refused, after)
        if self._choice.mode != "required" or self._choice.allowed == () or trusted:
            return False
        if self._urged:
            raise ToolChoiceIgnored
        self._urged = True
        self._tell(Message("msg_urged", "user", (Text(urging(self._choice)),)), at=len(after))
        return True

    def context(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The items so far, with what the model was told in between."""
        if not self._asides:
            return tuple(items)
        found: list[Item] = []
        for position in range(len(items) + 1):
            found.extend(self._asides.get(position, ()))
            found.extend(items[position : position + 1])
        return tuple(found)

    def take_hosted(self) -> bool:
        """Count one more hosted call; False where the caller allows no more."""
        if self._hosted_left is None:
            return True
        self._hosted_left -= 1
        return self._hosted_left >= 0

    def _tell_refused(self, refused: Sequence[tuple[FunctionCall, str]], after: Sequence[Item]) -> bool:
        self._refusals += 1
        if self._refusals > MOST_REFUSALS:
            if self._choice.mode == "required" or not any(isinstance(item, Message) for item in after):
                raise ToolChoiceIgnored
            return False
        for call, why in refused:
            result = FunctionResult(f"{call.id}_refused", call.call_id, (Text(why),), error=True)
            self._tell(call, structs.replace(result, custom=call.custom), at=len(after))
        return True

    def _tell(self, *items: Item, at: int) -> None:
        self._asides.setdefault(at, []).extend(items)


def offered(tools: ToolSet, server: ServerChoice) -> list[str]:
    """What the model knows a server's tools by, or the one that is meant."""

    def is_meant(name: str) -> bool:
        tool = tools.known(name)
        return tool is not None and tool.label == server.label and server.name in (None, tool.name)

    return [tool.name for tool in tools.definitions if is_meant(tool.name)]


def _not_offered(server: ServerChoice) -> str:
    what = "no tool" if server.name is None else f"no tool {server.name[:80]!r}"
    return f"{server.param}: the server {server.label[:80]!r} offers {what}; it was left out."


def may_call(choice: ToolChoice, name: str) -> bool:
    """Whether a tool of this name may be called."""
    if choice.mode == "none" or choice.name not in (None, name):
        return False
    return choice.allowed is None or name in choice.allowed


def urging(choice: ToolChoice) -> str:
    """What a model is told that should have called a tool and did not."""
    names = (choice.name,) if choice.name is not None else choice.allowed or ()
    which = f"one of the tools {', '.join(map(repr, names))}" if len(names) > 1 else "a tool"
    return f"Call {f'the tool {names[0]!r}' if len(names) == 1 else which} now. Do not answer in words."
