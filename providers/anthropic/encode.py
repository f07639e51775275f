"""Writes one model call as a Messages API request. Pure.

The same items give the same bytes, and more items only add to them: the provider's cache lives
on it. Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from providers.anthropic.body import (
    Body,
    Metadata,
    OutputConfig,
    OutputFormat,
    RedactedThinkingBlock,
    SearchTool,
    TextBlock,
    Thinking,
    ThinkingBlock,
    ToolChoiceParam,
    ToolParam,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)
from providers.anthropic.content import Warn
from providers.anthropic.families import MessagesProfile
from providers.anthropic.marks import (
    has_marks,
    mark,
    marked_texts,
    with_system_mark,
    with_tools_mark,
    with_turn_marks,
)
from providers.anthropic.schema import constrained
from providers.anthropic.searches import search_tool
from providers.anthropic.settings import (
    effort,
    max_tokens,
    sampling,
    service_tier,
    stop_sequences,
    thinking,
    warn_of_lacking,
)
from providers.anthropic.turns import leading_system, turns_of
from providers.base import Encoded
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice
from specs.tools import SEARCH_TOOL

OPENING = "Begin."
"""What the user says where the conversation does not begin with them."""
GOING_ON = "Go on."
"""What the user says where it ends with the assistant and the model will not go on by itself."""
KEEP_TO_SCHEMA = "Answer with one JSON value that is valid by this JSON Schema, and nothing else:"
KEEP_TO_JSON = "Answer with one JSON object, and nothing else."
OPEN_SCHEMA = Raw(b'{"type":"object","properties":{}}')

_encoder = msgspec.json.Encoder()
_schema = msgspec.json.Decoder(dict[str, Raw] | None)


def encode(request: ModelRequest, *, profile: MessagesProfile, origin: str) -> Encoded:
    """Write the request. Signed or sealed reasoning goes along only if its origin is `origin`."""
    told: dict[tuple[str, str], None] = {}

    def warn(field: str, words: str) -> None:
        told[(field, words)] = None

    body = _body(request, profile, origin, warn)
    return Encoded(_encoder.encode(body), tuple(told))


def _body(request: ModelRequest, profile: MessagesProfile, origin: str, warn: Warn) -> Body:
    settings = request.settings
    leading, rest = leading_system(request.items)
    search = search_tool(request, warn)
    turns = turns_of(
        rest, origin=origin, system_turns=profile.system_turns, searches=search is not None, warn=warn
    )
    cap = max_tokens(settings, profile, warn)
    thought = _possible(thinking(settings, profile, cap, warn), turns, warn)
    tools = _tools(request.tools, search, profile, warn)
    offers = bool(tools)
    choice = _tool_choice(request, tools, profile, thought, warn) if offers else None
    if not offers and (tools := _tools_called(turns)):
        choice = ToolChoiceParam("none")
    thinks = thought is not None and thought.type in ("enabled", "adaptive")
    temperature, top_p = sampling(settings, profile, thinks=thinks, warn=warn)
    warn_of_lacking(settings, warn)
    turns = _answerable(turns, prefill=profile.prefill and not thinks, warn=warn)
    shape, told_shape = _response_format(settings.response_format, profile, warn)
    config = OutputConfig(effort(settings, profile, warn), shape)
    system = _system(request, leading, told_shape)
    if not has_marks(request):
        system, turns = with_system_mark(system), with_turn_marks(turns)
        tools = with_tools_mark(tools) if offers else tools
    return Body(
        model=request.model,
        max_tokens=cap,
        messages=tuple(turns),
        stream=True,
        system=system,
        tools=tools,
        tool_choice=choice,
        thinking=thought,
        output_config=config if config != OutputConfig() else None,
        temperature=temperature,
        top_p=top_p,
        stop_sequences=stop_sequences(settings, warn),
        service_tier=service_tier(settings, warn),
        metadata=_metadata(settings),
    )


def _system(request: ModelRequest, leading: Sequence[TextBlock], shape: str | None) -> tuple[TextBlock, ...]:
    """The instructions, the system messages before all else, and the shape of the answer where it is told."""
    instructions = marked_texts(request.instructions or "", request.instruction_marks)
    return (*instructions, *leading, *((TextBlock(shape),) if shape else ()))


def _possible(wanted: Thinking | None, turns: Sequence[Turn], warn: Warn) -> Thinking | None:
    """With a budget, a turn whose calls are being answered must begin with the thought that led to them."""
    if wanted is None or wanted.type != "enabled" or len(turns) < 2:
        return wanted
    calling, answering = turns[-2:]
    answers = isinstance(answering.content[0], ToolResultBlock)
    if not answers or isinstance(calling.content[0], ThinkingBlock | RedactedThinkingBlock):
        return wanted
    warn(
        "reasoning_effort", "The thoughts behind the last calls are not this model's; it does not think now."
    )
    return None


def _answerable(turns: list[Turn], *, prefill: bool, warn: Warn) -> list[Turn]:
    """Make it begin with the user, and end with them unless the model goes on from what it said."""
    if not turns or turns[0].role != "user":
        warn("input", f"A conversation must begin with the user; {OPENING!r} is put before it.")
        turns = [Turn("user", (TextBlock(OPENING),)), *turns]
    if turns[-1].role != "assistant":
        return turns
    if not prefill:
        warn("input", f"The model does not go on from an assistant message; {GOING_ON!r} is put after it.")
        return [*turns, Turn("user", (TextBlock(GOING_ON),))]
    *before, last = turns[-1].content
    if isinstance(last, TextBlock):
        # Trailing white space in a turn to go on from is refused.
        last = replace(last, text=last.text.rstrip())
    return [*turns[:-1], Turn("assistant", (*before, last))]


def _tools(
    tools: Sequence[FunctionTool], search: SearchTool | None, profile: MessagesProfile, warn: Warn
) -> tuple[ToolParam | SearchTool, ...]:
    functions = (_tool(tool, profile, warn) for tool in tools)
    return (*functions, search) if search is not None else tuple(functions)


def _tools_called(turns: Sequence[Turn]) -> tuple[ToolParam | SearchTool, ...]:
    """Calls in the history want their tools declared, also when none may be called any more."""
    names = {block.name: None for turn in turns for block in turn.content if isinstance(block, ToolUseBlock)}
    return tuple(ToolParam(name, OPEN_SCHEMA) for name in names)


def _tool(tool: FunctionTool, profile: MessagesProfile, warn: Warn) -> ToolParam:
    schema, strict = _input_schema(tool.parameters), None
    if tool.strict and profile.structured_outputs:
        strict = True
        schema = _constrained(schema, f"tools[{tool.name!r}].parameters", warn)
    elif tool.strict:
        warn("tools", f"The model knows no strict tools; {tool.name!r} is not strict.")
    return ToolParam(tool.name, schema, tool.description, strict, mark(tool.cache))


def _input_schema(parameters: Raw | msgspec.UnsetType) -> Raw:
    """The schema as given; it must say that it is of an object."""
    if parameters is UNSET or not (fields := _schema.decode(parameters)):
        return OPEN_SCHEMA
    if "type" in fields:
        return parameters
    return Raw(_encoder.encode({"type": "object", **fields}))


def _constrained(schema: Raw, param: str, warn: Warn) -> Raw:
    ready, moved = constrained(schema)
    if moved:
        warn(
            param, f"The provider does not enforce {', '.join(moved)}; the model is told in the description."
        )
    return ready


def _tool_choice(
    request: ModelRequest,
    tools: Sequence[ToolParam | SearchTool],
    profile: MessagesProfile,
    thought: Thinking | None,
    warn: Warn,
) -> ToolChoiceParam | None:
    """Which calls may be made. The engine holds the model to `allowed`; one name can be asked for."""
    choice, name = request.tool_choice, _only(request.tool_choice)
    single = bool(request.tools) and request.settings.parallel_tool_calls is False
    if choice.mode == "none":
        return ToolChoiceParam("none")
    left_out = name == SEARCH_TOOL and all(tool.name != name for tool in tools)
    if choice.mode == "required" and not left_out and _can_force(profile, thought, warn):
        return ToolChoiceParam("any" if name is None else "tool", name, single)
    return ToolChoiceParam("auto", disable_parallel_tool_use=True) if single else None


def _only(choice: ToolChoice) -> str | None:
    if choice.name is None and choice.allowed is not None and len(choice.allowed) == 1:
        return choice.allowed[0]
    return choice.name


def _can_force(profile: MessagesProfile, thought: Thinking | None, warn: Warn) -> bool:
    if not profile.forced_tools:
        warn("tool_choice", "The model cannot be made to call a tool; it chooses by itself.")
        return False
    if thought is not None and thought.type == "enabled":
        warn("tool_choice", "A model that thinks cannot be made to call a tool; it chooses by itself.")
        return False
    return True


def _response_format(
    wanted: ResponseFormat | None, profile: MessagesProfile, warn: Warn
) -> tuple[OutputFormat | None, str]:
    """The format where the model can be held to it; else words that ask for it."""
    if wanted is None or wanted.kind == "text":
        return None, ""
    if wanted.kind == "json_schema" and wanted.schema is not UNSET:
        if profile.structured_outputs:
            return OutputFormat(_constrained(wanted.schema, "response_format", warn)), ""
        warn("response_format", "The model cannot be held to a schema; it is asked to keep to it.")
        return None, f"{KEEP_TO_SCHEMA}\n{bytes(wanted.schema).decode()}"
    warn("response_format", "The model cannot be held to JSON; it is asked to answer in it.")
    return None, KEEP_TO_JSON


def _metadata(settings: Settings) -> Metadata | None:
    return Metadata(settings.safety_identifier) if settings.safety_identifier else None
