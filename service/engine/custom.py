"""Custom tools where a provider has only functions: each goes as a function of one string, and its
calls come back as what they are, their text streaming as the string is written."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence

import msgspec
from msgspec import Raw, Struct, structs

from providers.base import ModelStream
from service.engine.ports import OpenModel
from specs.contexts import found_in
from specs.events import Delta, Event, Finish, ItemEnded, ItemStarted, PartEnded
from specs.items import Arguments, FunctionCall, FunctionResult, Item
from specs.requests import FunctionTool, ModelRequest, Tool

PARAMETERS = Raw(
    b'{"type":"object","properties":{"input":{"type":"string"}},'
    b'"required":["input"],"additionalProperties":false}'
)
_OPENING = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_PIECES = re.compile(r'(?:[^"\\]|\\["\\/bfnrt]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|(?:\\u[0-9a-fA-F]{4}){2})*')
"""What of a JSON string can be read although more is to come; half a surrogate pair cannot."""


class _Arguments(Struct, frozen=True):
    input: str


_arguments = msgspec.json.Decoder(_Arguments)
_text = msgspec.json.Decoder(str)


class _Custom(Struct, frozen=True):
    """Whether there are calls of custom tools, or results."""

    def look(self, known: bool | None, items: Sequence[Item]) -> bool:
        calls = [item for item in items if type(item) is FunctionCall or type(item) is FunctionResult]
        return known or any([item.custom for item in calls])


_CUSTOM = _Custom()


class WithCustomTools:
    """An `OpenModel` that lends custom tools to a provider without them."""

    def __init__(self, open_model: OpenModel) -> None:
        self._open_model = open_model

    def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> Awaitable[ModelStream]:
        """Open a model call; see `OpenModel`."""
        names = frozenset([tool.name for tool in request.tools if tool.custom is not None])
        opening = self._open_model(with_functions(request), step=step, first_item=first_item)
        return _reading(opening, names) if names else opening


async def _reading(opening: Awaitable[ModelStream], names: frozenset[str]) -> ModelStream:
    return CustomStream(await opening, names)


def has_custom(tools: Sequence[Tool], items: Sequence[Item]) -> bool:
    """Whether there is a custom tool, or a call or a result of one."""
    return any([tool.custom is not None for tool in tools]) or found_in(items, _CUSTOM)


def with_functions(request: ModelRequest) -> ModelRequest:
    """The request with its custom tools, their calls and results as a function's."""
    if any([tool.custom is not None for tool in request.tools]):
        request = structs.replace(request, tools=tuple(as_function(tool) for tool in request.tools))
    if found_in(request.items, _CUSTOM):
        request = structs.replace(request, items=tuple(_as_function_item(item) for item in request.items))
    return request


def as_function(tool: FunctionTool) -> FunctionTool:
    """The function of one string that stands for a custom tool; any other tool stays."""
    if tool.custom is None:
        return tool
    texts = [tool.description or "", f"`input` is free text, written to the tool {tool.name!r} as it is."]
    if tool.custom.definition is not None:
        texts.append(f"It must match this {tool.custom.syntax} grammar:\n{tool.custom.definition}")
    description = "\n\n".join(text for text in texts if text)
    return FunctionTool(tool.name, description, PARAMETERS)


def _as_function_item(item: Item) -> Item:
    match item:
        case FunctionCall(custom=True):
            arguments = msgspec.json.encode(_Arguments(item.arguments)).decode()
            return structs.replace(item, arguments=arguments, custom=False)
        case FunctionResult(custom=True):
            return structs.replace(item, custom=False)
        case _:
            return item


class CustomStream:
    """A `ModelStream` in which the calls of these functions are calls of custom tools."""

    def __init__(self, stream: ModelStream, names: frozenset[str]) -> None:
        self._stream = stream
        self._names = names
        self._open: dict[int, StringReader] = {}

    def __aiter__(self) -> CustomStream:
        return self

    async def __anext__(self) -> list[Event]:
        return self._rewrite(await self._stream.__anext__())

    def close(self, finish: Finish) -> list[Event]:
        """End what is open, once."""
        return self._rewrite(self._stream.close(finish))

    async def aclose(self) -> None:
        """Let go of the upstream connection."""
        await self._stream.aclose()

    def _rewrite(self, batch: list[Event]) -> list[Event]:
        return [seen for event in batch for seen in self._seen(event)]

    def _seen(self, event: Event) -> list[Event]:
        match event:
            case ItemStarted(index, FunctionCall() as call) if call.name in self._names:
                self._open[index] = StringReader()
                return [ItemStarted(index, structs.replace(call, custom=True))]
            case Delta(index) if index in self._open:
                text = self._open[index].feed(event.data)
                return [structs.replace(event, data=text)] if text else []
            case PartEnded(index, part, Arguments()) if index in self._open:
                reader = self._open[index]
                rest = reader.finish()
                ended = PartEnded(index, part, Arguments(reader.text))
                return [Delta(index, part, rest), ended] if rest else [ended]
            case ItemEnded(index, FunctionCall() as call) if index in self._open:
                text = self._open.pop(index).text
                return [ItemEnded(index, structs.replace(call, arguments=text, custom=True))]
            case _:
                return [event]


class StringReader:
    """Reads the one string out of arguments that come in pieces. Arguments that are no such object
    are taken as the text itself."""

    def __init__(self) -> None:
        self.text = ""
        """What has been read."""
        self._raw = ""
        self._at = 0

    def feed(self, data: str) -> str:
        """Take a piece; give the text it adds."""
        self._raw += data
        if not self._at:
            opening = _OPENING.match(self._raw)
            if opening is None:
                return ""
            self._at = opening.end()
        pieces = _PIECES.match(self._raw, self._at)
        if pieces is None or pieces.end() == self._at:
            return ""
        self._at = pieces.end()
        return self._add(_decoded(pieces[0]))

    def finish(self) -> str:
        """No more comes; give the text that was not given yet."""
        try:
            whole = _arguments.decode(self._raw).input
        except msgspec.DecodeError:
            whole = self.text or self._raw.removeprefix("{}")
        return self._add(whole[len(self.text) :]) if whole.startswith(self.text) else ""

    def _add(self, text: str) -> str:
        self.text += text
        return text


def _decoded(pieces: str) -> str:
    try:
        return _text.decode(f'"{pieces}"')
    except msgspec.DecodeError:  # a raw line break, say, which no JSON string may hold
        return pieces
