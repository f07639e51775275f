"""Items as contents: user and model take turns, and the results of a turn's calls come together.

Sources: https://ai.google.dev/gemini-api/docs/function-calling, …/thought-signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, assert_never

from msgspec import UNSET

from providers.context import arguments_object
from providers.google.body import (
    Content,
    FileData,
    FunctionCall,
    FunctionResponse,
    InlineData,
    Part,
)
from providers.google.families import GeminiProfile
from providers.google.settings import Warn
from providers.media import media_of_file, media_of_url
from specs import items as ours
from specs.items import ContextItem, MessagePart, plain_text
from specs.media_types import media_type_of

Role: TypeAlias = Literal["user", "model"]

UNSIGNED = "skip_thought_signature_validator"
"""What Google wants to read on a call that no model of its own has signed."""
OPENING = "Begin."
"""What the user says where there is nothing to answer."""


def contents_of(
    items: Sequence[ContextItem], *, profile: GeminiProfile, origin: str, warn: Warn, searches: bool = False
) -> tuple[Content, ...]:
    """Return the conversation. Signed thoughts of another origin are left out.

    `searches` is whether the provider is asked to search itself.
    """
    builder = _Builder(profile, origin=origin, warn=warn, searches=searches)
    for item in items:
        builder.add(item)
    return builder.finish()


class _Builder:
    def __init__(self, profile: GeminiProfile, *, origin: str, warn: Warn, searches: bool) -> None:
        self._profile = profile
        self._origin = origin
        self._warn = warn
        self._searches = searches
        self._contents: list[Content] = []
        self._role: Role = "user"
        self._parts: list[Part] = []
        self._names: dict[str, str] = {}
        self._beside: list[Part] = []
        """What belongs to results and must stand behind them all."""
        self._signed = False
        """Whether the model's turn under way has begun its calls: only the first wants a signature."""

    def add(self, item: ContextItem) -> None:
        match item:
            case ours.Message(role="assistant"):
                self._say("model", self._spoken(item.content))
            case ours.Message():
                self._say("user", self._asked(item))
            case ours.Compaction():
                self._say("user", self._asked(ours.as_message(item)))
            case ours.Reasoning():
                self._think(item)
            case ours.FunctionCall():
                self._call(item)
            case ours.FunctionResult():
                self._answer(item)
            case ours.HostedCall():
                self._hosted(item)
            case _:
                assert_never(item)

    def finish(self) -> tuple[Content, ...]:
        self._close()
        if not self._contents or self._contents[-1].role == "model":
            self._warn("input", f"There is nothing to answer; {OPENING!r} is put at the end.")
            self._contents.append(Content("user", (Part(text=OPENING),)))
        return tuple(self._contents)

    def _say(self, role: Role, parts: Sequence[Part]) -> None:
        if parts:
            self._enter(role)
            self._parts.extend(parts)

    def _enter(self, role: Role) -> None:
        if role != self._role:
            self._close()
            self._role = role

    def _close(self) -> None:
        parts = (*self._parts, *self._beside)
        self._parts, self._beside, self._signed = [], [], False
        if parts:
            self._contents.append(Content(self._role, parts))

    def _spoken(self, parts: Sequence[MessagePart]) -> list[Part]:
        text = plain_text(tuple(parts))
        return [Part(text=text)] if text else []

    def _asked(self, message: ours.Message) -> list[Part]:
        if message.name is not None:
            self._warn("input[].name", "The provider has no names for participants; it is left out.")
        if message.role in ("system", "developer"):
            text = plain_text(message.content)
            return [Part(text=f"<system>\n{text}\n</system>")] if text.strip() else []
        found = (self._part(part) for part in message.content)
        return [part for part in found if part is not None]

    def _think(self, item: ours.Reasoning) -> None:
        """Only what was signed here goes back, byte for byte."""
        if item.origin == self._origin:
            signatures = [part.data for part in item.content if isinstance(part, ours.Sealed)]
            self._say("model", [Part(text="", thought_signature=each) for each in signatures])

    def _call(self, item: ours.FunctionCall) -> None:
        self._enter("model")
        signature = item.signature or (UNSIGNED if self._profile.signed_calls and not self._signed else UNSET)
        self._signed = True
        self._names[item.call_id] = item.name
        call = FunctionCall(item.call_id, item.name, arguments_object(item.arguments))
        self._parts.append(Part(function_call=call, thought_signature=signature))

    def _answer(self, item: ours.FunctionResult) -> None:
        name = self._names.get(item.call_id)
        if name is None:
            self._warn("input", f"No call {item.call_id!r} comes before its result; it is given as text.")
            self._say("user", [part for each in item.output if (part := self._part(each)) is not None])
            return
        self._enter("user")
        media = [part for each in item.output if not isinstance(each, ours.Text | ours.Refusal)
                 and (part := self._part(each)) is not None]  # fmt: skip
        inside = tuple(
            part for part in media if self._profile.media_in_results and part.inline_data is not UNSET
        )
        self._beside.extend(part for part in media if part not in inside)
        told = {"error" if item.error else "output": plain_text(item.output)}
        self._parts.append(Part(function_response=FunctionResponse(item.call_id, name, told, inside)))

    def _hosted(self, item: ours.HostedCall) -> None:
        """A call that was answered by the server, as a call and its result.

        A search that was made there is left out: the answer says what came of it, and the wire wants nothing
        of it back. One of another's is told as its query where a call might be refused beside the search.
        """
        if item.kind == "web_search" and item.origin == self._origin:
            return
        if item.kind == "web_search" and self._searches:
            self._say("user", [Part(text=f"<web_search>\n{item.arguments}\n</web_search>")])
            return
        output = item.output if item.error is None else item.error
        call = ours.FunctionCall(item.id, item.call_id, item.tool, item.arguments)
        told = (ours.Text(output or ""),)
        self._call(call)
        self._answer(ours.FunctionResult(item.id, item.call_id, told, error=item.error is not None))

    def _part(self, part: MessagePart) -> Part | None:
        match part:
            case ours.Text() | ours.Refusal():
                return Part(text=part.text) if part.text else None
            case ours.Image():
                return self._image(part)
            case ours.File():
                return self._file(part)
            case ours.Audio():
                return Part(inline_data=InlineData(f"audio/{part.format}", part.data))
            case ours.Video():
                return self._by_url(part.url, "video/mp4")
            case _:
                assert_never(part)

    def _image(self, image: ours.Image) -> Part | None:
        if image.url is None:
            self._warn("input", "An image by file id is unknown to the provider; it is left out.")
            return None
        return self._by_url(image.url, "image/png")

    def _file(self, file: ours.File) -> Part | None:
        if file.data is not None:
            media = media_of_file(file.data)
            if media is None:
                self._warn("input", "A file whose data cannot be read is left out.")
                return None
            return Part(inline_data=InlineData(media.media_type, media.base64))
        if file.url is not None:
            return self._by_url(file.url, media_type_of(file.filename or file.url, None))
        self._warn("input", "A file by file id is unknown to the provider; it is left out.")
        return None

    def _by_url(self, url: str, guess: str) -> Part | None:
        if not url.startswith("data:"):
            return Part(file_data=FileData(url, media_type_of(url.partition("?")[0], None) or guess))
        media = media_of_url(url)
        if media is None:
            self._warn("input", "Media whose data cannot be read is left out.")
            return None
        return Part(inline_data=InlineData(media.media_type, media.base64))
