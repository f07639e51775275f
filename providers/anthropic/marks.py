"""Cache marks: the caller's own where there are any, else ours.

Ours stand at the end of the tools, of the system prompt and of the last two user turns: the next
request reads up to one and writes up to the other. A caller who sets marks knows the prompt better,
and there may be four altogether.
Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from msgspec import Raw
from msgspec.structs import replace

from providers.anthropic.body import (
    CacheControl,
    RedactedThinkingBlock,
    SearchTool,
    TextBlock,
    ThinkingBlock,
    ToolParam,
    ToolUseBlock,
    Turn,
)
from specs.items import (
    ContextItem,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Lifetime,
    Message,
    MessagePart,
    Text,
)
from specs.items import File as FilePart
from specs.items import Image as ImagePart
from specs.requests import CacheMark, ModelRequest

_MARKABLE = (Text, ImagePart, FilePart)
"""Parts that may bear a mark. (A union of types in an expression is made anew for each part.)"""


def mark(lifetime: Lifetime | None) -> CacheControl | None:
    """A mark in the API's words; five minutes is what it takes a mark for that says no time."""
    if lifetime is None:
        return None
    return CacheControl() if lifetime == "5m" else CacheControl(lifetime)


def last_mark(parts: Iterable[MessagePart]) -> CacheControl | None:
    """The mark of parts that become one block."""
    found: list[Lifetime] = [part.cache for part in parts if isinstance(part, _MARKABLE) and part.cache]
    return mark(found[-1]) if found else None


def has_marks(request: ModelRequest) -> bool:
    """Whether the caller set any."""
    tools = any(tool.cache is not None for tool in request.tools)
    return bool(request.instruction_marks) or tools or any(map(_is_marked, request.items))


def _is_marked(item: ContextItem) -> bool:
    match item:
        case Message():
            return last_mark(item.content) is not None
        case FunctionResult():
            return item.cache is not None or last_mark(item.output) is not None
        case FunctionCall() | HostedCall():
            return item.cache is not None
        case _:
            return False


def marked_texts(text: str, marks: Sequence[CacheMark]) -> list[TextBlock]:
    """A text in blocks that end where its marks are."""
    cuts: dict[int, Lifetime] = {at.end: at.lifetime for at in marks if 0 < at.end <= len(text)}
    pieces = pairwise(chain((0,), sorted({*cuts, len(text)})))
    blocks = [TextBlock(text[start:end], mark(cuts.get(end))) for start, end in pieces]
    return [block for block in blocks if block.text.strip()]


def with_system_mark(blocks: tuple[TextBlock, ...]) -> tuple[TextBlock, ...]:
    """Our mark at the end of the system prompt."""
    return (*blocks[:-1], replace(blocks[-1], cache_control=CacheControl())) if blocks else ()


def with_tools_mark(tools: tuple[ToolParam | SearchTool, ...]) -> tuple[ToolParam | SearchTool, ...]:
    """Our mark at the end of the tools."""
    return (*tools[:-1], replace(tools[-1], cache_control=CacheControl())) if tools else ()


def with_turn_marks(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Our marks at the ends of the last two user turns."""
    users = [position for position, turn in enumerate(turns) if turn.role == "user"][-2:]
    return tuple(_marked(turn) if position in users else turn for position, turn in enumerate(turns))


def _marked(turn: Turn) -> Turn:
    *before, last = turn.content
    if isinstance(last, ThinkingBlock | RedactedThinkingBlock | ToolUseBlock | Raw):
        return turn
    return replace(turn, content=(*before, replace(last, cache_control=CacheControl())))
