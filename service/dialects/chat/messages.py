"""The messages of a Chat Completions request, read into items."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from msgspec import UNSET

from service.dialects.base import NewId
from service.dialects.validation import is_given, one_of, required, shown
from specs.errors import InvalidRequest
from specs.items import (
    Audio,
    File,
    FunctionCall,
    FunctionResult,
    Image,
    Item,
    Message,
    MessagePart,
    Reasoning,
    Refusal,
    Role,
    Text,
    Thought,
    Video,
    plain_text,
)
from specs.openai.chat import CalledFunction, ContentPart, SentMessage, SentToolCall
from specs.requests import FilePlace

MAX_PIECES = 8_192
"""Messages, content parts and calls one request may have: more would hold up everyone else."""

_PARTS_OF_ROLE = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "input_audio", "file", "video_url"),
    "assistant": ("text", "refusal"),
    "tool": ("text", "image_url", "file"),
    "function": ("text",),
}
_SPEAKERS: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "developer",
}
_beside = attrgetter("reasoning_content", "refusal", "tool_calls", "function_call", "audio")
"""What an assistant's message may hold beside its content."""
_NOTHING = (None, None, None, None, UNSET)
_DETAILS = ("auto", "low", "high", "original")
_AUDIO_FORMATS = ("wav", "mp3")
_URL_SCHEMES = ("https://", "http://", "data:")


def read_messages(
    messages: list[SentMessage], new_id: NewId, warnings: list[str], files: list[FilePlace]
) -> tuple[Item, ...]:
    """Turn a conversation into items; what has to be left out is added to `warnings`, what is stored
    here already to `files`.

    Raises InvalidRequest naming the message, part or call at fault.
    """
    if not messages:
        raise InvalidRequest("messages must have at least one message.", param="messages")
    if _pieces(messages) > MAX_PIECES:
        raise InvalidRequest(
            f"messages may have at most {MAX_PIECES} messages, content parts and calls together.",
            param="messages",
        )
    reader = _Reader(new_id, warnings, files)
    for index, message in enumerate(messages):
        reader.add(message, index)
    return tuple(reader.items)


def _pieces(messages: list[SentMessage]) -> int:
    parts = sum([len(message.content) for message in messages if type(message.content) is list])
    calls = sum([len(message.tool_calls) for message in messages if message.tool_calls])
    return len(messages) + parts + calls


class _Reader:
    """Reads messages in order, remembering the calls that later results answer."""

    def __init__(self, new_id: NewId, warnings: list[str], files: list[FilePlace]) -> None:
        self.items: list[Item] = []
        self._new_id = new_id
        self._warnings = warnings
        self._files = files
        self._call_ids: set[str] = set()
        self._custom_ids: set[str] = set()
        """Those of them that are calls of custom tools."""
        self._call_of_function: dict[str, str] = {}
        """The call that a result in the old form answers, by the function's name."""

    def add(self, message: SentMessage, index: int) -> None:
        """Add the items of one message, the one at `index`."""
        role, content = message.role, message.content
        if type(content) is str and content and role in _SPEAKERS and _beside(message) == _NOTHING:
            parts = (Text(content),)
            self.items.append(Message(self._new_id("msg"), _SPEAKERS[role], parts, name=message.name))
            return
        at = f"messages[{index}]"
        match role:
            case "assistant":
                self._add_assistant(message, at)
            case "tool":
                call_id = required(message.tool_call_id, param=f"{at}.tool_call_id")
                self._add_result(call_id, message, at)
            case "function":
                self._add_function_result(message, at)
            case "system" | "developer" | "user":
                self._add_message(role, self._parts(message, at, needed=True), message.name)
            case _:
                one_of(role, tuple(_PARTS_OF_ROLE), param=f"{at}.role")

    def _add_message(self, role: Role, parts: tuple[MessagePart, ...], name: str | None) -> None:
        self.items.append(Message(self._new_id("msg"), role, parts, name=name))

    def _add_assistant(self, message: SentMessage, at: str) -> None:
        if is_given(message.audio):
            raise InvalidRequest(
                f"{at}.audio is not supported: no audio answers are kept here.", param=f"{at}.audio"
            )
        if message.reasoning_content:
            thought = Thought(message.reasoning_content)
            self.items.append(Reasoning(self._new_id("rs"), (thought,)))
        parts = self._parts(message, at, needed=False)
        if message.refusal:
            parts = (*parts, Refusal(message.refusal))
        if plain_text(parts):
            self._add_message("assistant", parts, message.name)
        for index, call in enumerate(message.tool_calls or ()):
            self._add_call(call, f"{at}.tool_calls[{index}]")
        if message.function_call is not None:
            self._add_function_call(message.function_call)

    def _add_call(self, call: SentToolCall, at: str) -> None:
        if call.function is not None:
            name, arguments = call.function.name, call.function.arguments or ""
        elif call.custom is not None:
            name, arguments = call.custom.name, call.custom.input
            self._custom_ids.add(call.id)
        else:
            raise InvalidRequest(f"Missing required field '{at}.function'.", param=f"{at}.function")
        self._call_ids.add(call.id)
        custom = call.function is None
        self.items.append(FunctionCall(self._new_id("fc"), call.id, name, arguments, custom=custom))

    def _add_function_call(self, call: CalledFunction) -> None:
        call_id = self._new_id("call")
        self._call_ids.add(call_id)
        self._call_of_function[call.name] = call_id
        self.items.append(FunctionCall(self._new_id("fc"), call_id, call.name, call.arguments or ""))

    def _add_function_result(self, message: SentMessage, at: str) -> None:
        name = required(message.name, param=f"{at}.name")
        call_id = self._call_of_function.get(name)
        if call_id is None:
            raise InvalidRequest(
                f"{at}.name: {shown(name)} matches no function_call of an earlier assistant message.",
                param=f"{at}.name",
            )
        self._add_result(call_id, message, at)

    def _add_result(self, call_id: str, message: SentMessage, at: str) -> None:
        if call_id not in self._call_ids:
            raise InvalidRequest(
                f"{at}.tool_call_id: {shown(call_id)} matches no call of an earlier assistant message.",
                param=f"{at}.tool_call_id",
            )
        parts = self._parts(message, at, needed=False)
        custom = call_id in self._custom_ids
        self.items.append(FunctionResult(self._new_id("fco"), call_id, parts, custom=custom))

    def _parts(self, message: SentMessage, at: str, *, needed: bool) -> tuple[MessagePart, ...]:
        content = message.content
        if isinstance(content, str):
            return (Text(content),)
        if needed and not content:
            raise InvalidRequest(
                f"{at}.content must be a string or an array with at least one part.", param=f"{at}.content"
            )
        allowed = _PARTS_OF_ROLE[message.role]
        return tuple(
            [self._part(part, f"{at}.content", index, allowed) for index, part in enumerate(content or ())]
        )

    def _part(self, part: ContentPart, at: str, index: int, allowed: tuple[str, ...]) -> MessagePart:
        if part.type == "text" and part.text is not None and part.prompt_cache_breakpoint is UNSET:
            return Text(part.text)
        at = f"{at}[{index}]"
        one_of(part.type, allowed, param=f"{at}.type")
        if is_given(part.prompt_cache_breakpoint):
            self._warnings.append(f"{at}.prompt_cache_breakpoint is not supported and was left out.")
        if part.type == "file" and part.file is not None and part.file.file_id is not None:
            self._files.append(FilePlace(part.file.file_id, f"{at}.file.file_id"))
        return _PART_READERS[part.type](part, at)


def _read_text(part: ContentPart, at: str) -> MessagePart:
    return Text(required(part.text, param=f"{at}.text"))


def _read_refusal(part: ContentPart, at: str) -> MessagePart:
    return Refusal(required(part.refusal, param=f"{at}.refusal"))


def _read_image(part: ContentPart, at: str) -> MessagePart:
    image = required(part.image_url, param=f"{at}.image_url")
    if isinstance(image, str):
        return Image(_url(image, f"{at}.image_url"))
    detail = one_of(image.detail, _DETAILS, param=f"{at}.image_url.detail")
    return Image(_url(image.url, f"{at}.image_url.url"), detail=detail)


def _read_video(part: ContentPart, at: str) -> MessagePart:
    video = required(part.video_url, param=f"{at}.video_url")
    return Video(_url(video.url, f"{at}.video_url.url"))


def _read_audio(part: ContentPart, at: str) -> MessagePart:
    audio = required(part.input_audio, param=f"{at}.input_audio")
    one_of(audio.format, _AUDIO_FORMATS, param=f"{at}.input_audio.format")
    return Audio(audio.data, audio.format)


def _read_file(part: ContentPart, at: str) -> MessagePart:
    file = required(part.file, param=f"{at}.file")
    if file.file_id is not None:
        if file.file_data:
            raise InvalidRequest(
                f"{at}.file.file_data: send it or file_id, not both.", param=f"{at}.file.file_data"
            )
        return File(file_id=file.file_id, filename=file.filename)
    return File(required(file.file_data, param=f"{at}.file.file_data"), filename=file.filename)


def _url(url: str, at: str) -> str:
    if not url.lower().startswith(_URL_SCHEMES):
        raise InvalidRequest(f"{at} must be an http(s) or data: URL; got {shown(url)}.", param=at)
    return url


_PART_READERS: dict[str, Callable[[ContentPart, str], MessagePart]] = {
    "text": _read_text,
    "refusal": _read_refusal,
    "image_url": _read_image,
    "video_url": _read_video,
    "input_audio": _read_audio,
    "file": _read_file,
}
