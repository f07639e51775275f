"""What the built-in stand-in says to a request: pure text against text, no timing, no stream."""

from __future__ import annotations

import re
from typing import assert_never

import msgspec
from msgspec import UNSET, Raw, Struct

from providers.samples import sample
from specs.items import (
    Audio,
    Compaction,
    ContextItem,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Message,
    Part,
    Reasoning,
    Video,
    part_text,
    plain_text,
)
from specs.requests import FunctionTool, ModelRequest

MEDIA_TOKENS = 100
"""What an image or a file counts for."""

_TOKEN = re.compile(r"\S{1,12}\s*|\s+")
_CALL = re.compile(r"(?:^|(?<=\s))/call[ \t]+([\w.-]+)[ \t]*([^\n]*)", re.MULTILINE)
_REASON = re.compile(r"(?:^|(?<=\s))/reason\b[ \t]*", re.MULTILINE)


class Scene(Struct, frozen=True):
    """All that will be said in one answer."""

    model: str
    input_tokens: int
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """(function, arguments)."""
    text: str = ""
    stopped_at: str | None = None
    """The stop sequence that ended the text."""
    cap: int | None = None
    cut: bool = False
    """The stream dies half way."""
    warnings: tuple[tuple[str, str], ...] = ()


def tokens_of(text: str) -> list[str]:
    """Split a text into the stand-in's tokens: a word, or each twelve characters of a longer one,
    with the space behind it. They join to the text, and none is less than a byte."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Count a text's tokens by the stand-in's rule."""
    return len(tokens_of(text))


def last_words(items: tuple[ContextItem, ...]) -> str:
    """The text of the last user message."""
    for item in reversed(items):
        if isinstance(item, Message) and item.role == "user":
            return plain_text(item.content)
    return ""


def _results(items: tuple[ContextItem, ...]) -> list[str]:
    """The texts of the results that the conversation ends with, whoever ran the tools."""
    texts: list[str] = []
    for item in reversed(items):
        match item:
            case FunctionResult():
                texts.insert(0, plain_text(item.output))
            case HostedCall():
                texts.insert(0, (item.output if item.error is None else item.error) or "")
            case _:
                break
    return texts


def compose(request: ModelRequest, *, cut: bool) -> Scene:
    """Decide what to answer."""
    words = last_words(request.items)
    results = _results(request.items)
    calls, refused = ((), "") if results else _calls(request, words)
    text = "" if calls else _answer(request, words, results, refused)
    settings = request.settings
    return Scene(
        model=request.model,
        input_tokens=_input_tokens(request),
        reasoning=_reasoning(words) if not results else "",
        calls=calls,
        text=_until_stop(text, settings.stop or ()),
        stopped_at=_first_stop(text, settings.stop or ()),
        cap=settings.max_output_tokens,
        cut=cut,
        warnings=(("logprobs", "logprobs: the demo provider has none"),) if settings.logprobs else (),
    )


def _reasoning(words: str) -> str:
    found = _REASON.search(words)
    if found is None:
        return ""
    subject = words[found.end() :].split("\n", 1)[0].strip() or "nothing in particular"
    return f"I was asked to reason about: {subject}. I cannot, so I only show what reasoning looks like."


def _calls(request: ModelRequest, words: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The calls to make, and why one that was asked for is not made."""
    choice = request.tool_choice
    offered = [tool for tool in request.tools if choice.allowed is None or tool.name in choice.allowed]
    if choice.mode == "none":
        offered = []
    asked = [(name, arguments.strip() or "{}") for name, arguments in _CALL.findall(words)]
    names = {tool.name for tool in offered}
    calls = [call for call in asked if call[0] in names and choice.name in (None, call[0])]
    if choice.mode == "required" and not calls and offered:
        tool = next((each for each in offered if each.name == choice.name), offered[0])
        calls = [(tool.name, _least_arguments(tool))]
    if request.settings.parallel_tool_calls is False:
        calls = calls[:1]
    missing = [name for name, _ in asked if name not in names]
    return tuple(calls), f"There is no tool {missing[0]!r} to call. " if missing else ""


def _least_arguments(tool: FunctionTool) -> str:
    if tool.parameters is UNSET:
        return "{}"
    return _json(_sampled(tool.parameters))


def _answer(request: ModelRequest, words: str, results: list[str], refused: str) -> str:
    wanted = request.settings.response_format
    if wanted is not None and wanted.kind == "json_schema" and wanted.schema is not UNSET:
        return _json(_sampled(wanted.schema))
    said = "\n".join(results) if results else _REASON.sub("", words).strip()
    if wanted is not None and wanted.kind != "text":
        return _json({"demo": True, "text": said})
    if results:
        return said or "The tool gave an empty result."
    return f"{refused}{_introduction(said)}"


def _introduction(said: str) -> str:
    opening = "This is the demo provider, not a language model: I understand nothing and only repeat."
    return f"{opening} You said: {said}" if said else opening


def _sampled(schema: Raw) -> object:
    return sample(msgspec.json.decode(schema))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _until_stop(text: str, stops: tuple[str, ...]) -> str:
    first = _first_stop(text, stops)
    return text if first is None else text[: text.index(first)]


def _first_stop(text: str, stops: tuple[str, ...]) -> str | None:
    found = [stop for stop in stops if stop and stop in text]
    return min(found, key=text.index, default=None)


def _input_tokens(request: ModelRequest) -> int:
    tools = [text for tool in request.tools for text in _tool_texts(tool)]
    words = sum(count_tokens(text) for text in (request.instructions or "", *tools))
    return words + sum(_item_tokens(item) for item in request.items)


def _tool_texts(tool: FunctionTool) -> list[str]:
    parameters = "" if tool.parameters is UNSET else bytes(tool.parameters).decode()
    return [tool.name, tool.description or "", parameters]


def _item_tokens(item: ContextItem) -> int:
    match item:
        case Message() | Reasoning():
            return sum(_part_tokens(part) for part in item.content)
        case FunctionResult():
            return sum(_part_tokens(part) for part in item.output)
        case Compaction():
            return count_tokens(item.summary)
        case FunctionCall():
            return count_tokens(item.name) + count_tokens(item.arguments)
        case HostedCall():
            texts = (item.tool, item.arguments, item.output or "", item.error or "")
            return sum(count_tokens(text) for text in texts)
        case _:
            assert_never(item)


def _part_tokens(part: Part) -> int:
    if isinstance(part, Image | File):
        return MEDIA_TOKENS
    return 1 if isinstance(part, Audio | Video) else count_tokens(part_text(part))
