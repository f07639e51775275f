"""Items as turns: roles alternate, and every call has its result at the head of the turn after it.

The API refuses a call without its result, a result without its call, an id it has seen, blank
text and a turn that ends in thinking; the caller's items may have all of these.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from providers.anthropic.body import (
    AssistantBlock,
    ContentBlock,
    RedactedThinkingBlock,
    Role,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
    UserBlock,
)
from providers.anthropic.content import Warn, assistant_blocks, user_blocks
from providers.anthropic.marks import last_mark, mark
from providers.anthropic.searches import said_again
from providers.context import arguments_object, is_system, split_system
from specs.items import (
    Compaction,
    ContextItem,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Message,
    Reasoning,
    Sealed,
    Thought,
    as_message,
    plain_text,
)

_Owed: TypeAlias = tuple[str, FunctionResult | HostedCall | None]
"""(id of a call already written, what will answer it)."""


def leading_system(items: Sequence[ContextItem]) -> tuple[list[TextBlock], Sequence[ContextItem]]:
    """Return the system messages that come before all else, as blocks, and the rest."""
    leading, rest = split_system(items)
    blocks = [system_block(item) for item in leading]
    return [block for block in blocks if block.text.strip()], rest


def system_block(message: Message) -> TextBlock:
    """A system message as one block."""
    return TextBlock(plain_text(message.content), last_mark(message.content))


def turns_of(
    items: Sequence[ContextItem], *, origin: str, system_turns: bool, searches: bool = False, warn: Warn
) -> list[Turn]:
    """Return the conversation. Signed thoughts of another origin are left out.

    `searches`: the provider is to search, and knows what its own earlier searches are.
    """
    builder = _Builder(items, origin=origin, searches=searches, warn=warn)
    for position, item in enumerate(items):
        if not is_system(item):
            builder.add(item)
        elif system_turns and _may_stand_alone(items[position + 1 :]):
            builder.add_system_turn(item)
        else:
            builder.add_system_text(item)
    return _with_answered_systems(builder.finish())


def _with_answered_systems(turns: Sequence[Turn]) -> list[Turn]:
    """A system turn that nothing of the assistant's follows after all becomes part of the user's."""
    found: list[Turn] = []
    for turn, after in zip(turns, (*turns[1:], None), strict=False):
        if turn.role == "system" and after is not None and after.role != "assistant":
            texts = (block.text for block in turn.content if isinstance(block, TextBlock))
            turn = Turn("user", tuple(TextBlock(f"<system>\n{text}\n</system>") for text in texts))
        if found and found[-1].role == turn.role:
            turn = replace(turn, content=(*found.pop().content, *turn.content))
        found.append(turn)
    return found


def _may_stand_alone(rest: Sequence[ContextItem]) -> bool:
    """A system turn must be the last, or come right before the assistant's."""
    following = next((item for item in rest if not is_system(item)), None)
    match following:
        case None | Reasoning() | FunctionCall() | HostedCall():
            return True
        case Message(role="assistant"):
            return True
        case _:
            return False


class _Builder:
    def __init__(self, items: Sequence[ContextItem], *, origin: str, searches: bool, warn: Warn) -> None:
        self._origin = origin
        self._searches = searches
        self._warn = warn
        self._turns: list[Turn] = []
        self._role: Role | None = None
        self._blocks: list[ContentBlock] = []
        self._owed: list[_Owed] = []
        self._ids: set[str] = set()
        self._results: defaultdict[str, list[FunctionResult]] = defaultdict(list)
        for item in items:
            if isinstance(item, FunctionResult):
                self._results[item.call_id].append(item)

    def add(self, item: ContextItem) -> None:
        match item:
            case Message(role="assistant"):
                self._say(assistant_blocks(item.content, self._warn))
            case Message():
                self._enter("user")
                self._blocks.extend(user_blocks(item.content, self._warn))
            case Compaction():
                self._enter("user")
                self._blocks.extend(user_blocks(as_message(item).content, self._warn))
            case Reasoning():
                self._say(thoughts(item, self._origin))
            case FunctionCall():
                waiting = self._results[item.call_id]
                self._call(item, waiting.pop(0) if waiting else None)
            case HostedCall(native=str(native)) if self._is_own(item):
                self._say_again(item, native)
            case HostedCall():
                self._call(item, item)
            case FunctionResult():
                self._enter("user")
                if any(item is other for other in self._results[item.call_id]):
                    self._add_orphan(item)
            case _:
                assert_never(item)
        if isinstance(item, Message) and item.name is not None:
            self._warn("input[].name", "The provider has no names for participants; it is left out.")

    def add_system_text(self, message: Message) -> None:
        """Where no system turn may stand, it is said in the user's."""
        self._enter("user")
        block = system_block(message)
        if block.text.strip():
            self._blocks.append(replace(block, text=f"<system>\n{block.text}\n</system>"))

    def add_system_turn(self, message: Message) -> None:
        """Only after a user turn; else it is said in one."""
        if self._owed:
            self._enter("user")
        if self._role not in ("user", "system") or not self._blocks:
            self.add_system_text(message)
            return
        self._enter("system")
        block = system_block(message)
        if block.text.strip():
            self._blocks.append(block)

    def finish(self) -> list[Turn]:
        """Give what is owed and close the last turn."""
        if self._owed:
            self._enter("user")
        self._close()
        return self._turns

    def _say(self, blocks: Sequence[AssistantBlock]) -> None:
        """What the model said. After a call that is already answered it spoke anew."""
        if blocks:
            if any(isinstance(result, HostedCall) for _, result in self._owed):
                self._enter("user")
            self._enter("assistant")
            self._blocks.extend(blocks)

    def _call(self, call: FunctionCall | HostedCall, result: FunctionResult | HostedCall | None) -> None:
        self._part_from_earlier(call)
        self._enter("assistant")
        call_id = self._unique_id(call.call_id)
        cache = mark(call.cache) if isinstance(call, FunctionCall) else None
        name = call.name if isinstance(call, FunctionCall) else call.tool
        self._blocks.append(
            ToolUseBlock(call_id, _cleaned(name, 128), arguments_object(call.arguments), cache)
        )
        self._owed.append((call_id, result))

    def _is_own(self, call: HostedCall) -> bool:
        """Whether it is the provider's own, and can go back as such: once, to where it came from."""
        return self._searches and call.origin == self._origin and call.call_id not in self._ids

    def _say_again(self, call: HostedCall, native: str) -> None:
        """A call that the provider made: it stands with its result in what the model said."""
        self._part_from_earlier(call)
        self._enter("assistant")
        self._ids.add(call.call_id)
        self._blocks.extend(said_again(native))

    def _part_from_earlier(self, call: FunctionCall | HostedCall) -> None:
        """A call after one that the server had run by then is of another turn, unless made beside it."""
        step = call.step if isinstance(call, HostedCall) else None
        for _, earlier in self._owed:
            if isinstance(earlier, HostedCall) and (step is None or earlier.step != step):
                self._enter("user")
                return

    def _enter(self, role: Role) -> None:
        if role == self._role:
            return
        self._close()
        self._role = role
        if role == "user":
            self._blocks.extend(self._result(*owed) for owed in self._owed)
            self._owed.clear()

    def _close(self) -> None:
        """End the turn; one that is empty never was."""
        blocks, self._blocks = self._blocks, []
        while blocks and isinstance(blocks[-1], ThinkingBlock | RedactedThinkingBlock):
            blocks.pop()
        if not blocks or self._role is None:
            return
        if self._turns and self._turns[-1].role == self._role:
            before = self._turns.pop()
            blocks = [*before.content, *blocks]
        self._turns.append(Turn(self._role, tuple(blocks)))

    def _result(self, call_id: str, result: FunctionResult | HostedCall | None) -> ToolResultBlock:
        match result:
            case FunctionResult():
                blocks = tuple(user_blocks(result.output, self._warn))
                return ToolResultBlock(call_id, blocks, result.error, mark(result.cache))
            case HostedCall():
                text = result.output if result.error is None else result.error
                content = (TextBlock(text),) if text and text.strip() else ()
                return ToolResultBlock(call_id, content, result.error is not None, mark(result.cache))
            case None:
                self._warn("input", f"The call {call_id!r} has no result; the model is told so.")
                return ToolResultBlock(call_id, (TextBlock("No result was given."),), True)
            case _:
                assert_never(result)

    def _add_orphan(self, result: FunctionResult) -> None:
        self._results[result.call_id].remove(result)
        self._warn("input", f"No call {result.call_id!r} comes before its result; it is given as text.")
        blocks: list[UserBlock] = list(user_blocks(result.output, self._warn))
        self._blocks.extend(blocks)

    def _unique_id(self, given: str) -> str:
        base = _cleaned(given, 64)
        found, number = base, 1
        while found in self._ids:
            number += 1
            found = f"{base[:56]}_{number}"
        self._ids.add(found)
        return found


def thoughts(item: Reasoning, origin: str) -> list[ThinkingBlock | RedactedThinkingBlock]:
    """What of it returns to where it came from, byte for byte: only what was signed or sealed there."""
    if item.origin != origin:
        return []
    blocks: list[ThinkingBlock | RedactedThinkingBlock] = []
    for part in item.content:
        if isinstance(part, Thought) and part.signature:
            blocks.append(ThinkingBlock(part.text, part.signature))
        elif isinstance(part, Sealed):
            blocks.append(RedactedThinkingBlock(part.data))
    return blocks


def _cleaned(name: str, length: int) -> str:
    """A name in the letters that ids and tool names may hold."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:length] or "unnamed"
