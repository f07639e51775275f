"""How large a model request can be in tokens, without counting them.

A token is at least a byte, so the UTF-8 bytes of the text bound its tokens; images, files and what
a provider adds by itself are bounded by the model's profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, cast

from msgspec import Raw, Struct, UnsetType

from providers.profiles import Profile
from specs.contexts import found_in
from specs.items import (
    Arguments,
    Audio,
    Compaction,
    ContextItem,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Item,
    Message,
    Part,
    Reasoning,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
    Video,
    as_message,
)
from specs.media_types import IMAGES, PDF, is_text, media_type_of
from specs.requests import ModelRequest

ENVELOPE_BOUND = 16
"""The most tokens that wrap one item or tool."""
ENVELOPE_USUAL = 4
"""What they are in the templates that are published."""
BYTES_PER_TOKEN = 4
"""What a token of prose has, for rough estimates."""
LONGEST_TOKEN = 128
"""Bytes of the longest token there is (a run of blanks)."""
AUDIO_BYTES_PER_TOKEN = 16
"""Half of what base64 of the tightest speech codec (8 kbit/s at 32 tokens a second) has."""


class Input(Struct, frozen=True):
    """What of a request becomes input tokens."""

    texts: tuple[str, ...]
    text_bytes: int
    envelopes: int
    """Items and tools."""
    media: int
    """The most tokens its images, files and sounds count for."""
    overhead: int
    """What the provider may add."""
    audio: bool
    file_bytes: int = 0
    """Of its files that are text; they are never counted."""

    @property
    def bound(self) -> int:
        """No call of this request has more input tokens."""
        return self.bound_with(self.text_bytes)

    @property
    def least_bound(self) -> int:
        """No way of counting bounds it lower."""
        return self.bound_with(self.text_bytes // LONGEST_TOKEN)

    def bound_with(self, text_tokens: int) -> int:
        """The bound where the tokens of the text are known."""
        return text_tokens + self.file_bytes + self.media + self.envelopes * ENVELOPE_BOUND + self.overhead

    @property
    def guess(self) -> int:
        """What it probably is."""
        return self.guess_with(-(-self.text_bytes // BYTES_PER_TOKEN))

    def guess_with(self, text_tokens: int) -> int:
        """What it probably is where the tokens of the text are known."""
        in_files = -(-self.file_bytes // BYTES_PER_TOKEN)
        return text_tokens + in_files + self.media + self.envelopes * ENVELOPE_USUAL


NO_INPUT = Input((), 0, 0, 0, 0, audio=False)
"""Of what is not asked of a model."""


def measure(request: ModelRequest, profile: Profile) -> Input:
    """Measure a request."""
    texts = _around(request)
    items = found_in(request.items, _CONTENTS)
    media = items.media
    return Input(
        texts=texts + items.texts,
        text_bytes=byte_length("".join(texts)) + items.text_bytes,
        envelopes=len(request.items) + len(request.tools) + (request.instructions is not None),
        media=sum([_media_tokens(part, profile) for part in media]),
        overhead=profile.overhead_tokens,
        audio=any([type(part) is Audio for part in media]),
        file_bytes=sum([text_file_bytes(part) for part in media if isinstance(part, File)]),
    )


def input_bound(request: ModelRequest, profile: Profile) -> int:
    """No call of this request has more input tokens."""
    return measure(request, profile).bound


def byte_length(text: str) -> int:
    """The UTF-8 bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _around(request: ModelRequest) -> tuple[str, ...]:
    """What a model reads besides the items."""
    texts: list[str] = []
    if request.instructions is not None:
        texts.append(request.instructions)
    for tool in request.tools:
        definition = tool.custom.definition if tool.custom else None
        texts += (tool.name, tool.description or "", _raw_text(tool.parameters), definition or "")
    answer = request.settings.response_format
    if answer is not None:
        texts += (answer.name or "", answer.description or "", _raw_text(answer.schema))
    return tuple(texts)


class _Content(Struct, frozen=True):
    """What of some items becomes input tokens."""

    texts: tuple[str, ...] = ()
    text_bytes: int = 0
    media: tuple[Part, ...] = ()


class _Contents(Struct, frozen=True):
    """All that is said and shown in items of a context."""

    def look(self, known: _Content | None, items: Sequence[Item]) -> _Content:
        known = known or _Content()
        texts: list[str] = []
        parts: list[Part] = []
        for item in cast("Sequence[ContextItem]", items):
            if type(item) is Message and item.name is None:
                parts += item.content
            else:
                _add_item(item, texts, parts)
        texts += [part.text for part in parts if type(part) is Text]
        media = _add_others([part for part in parts if type(part) is not Text], texts)
        return _Content(
            (*known.texts, *texts), known.text_bytes + byte_length("".join(texts)), (*known.media, *media)
        )


_CONTENTS = _Contents()


def _add_item(item: ContextItem, texts: list[str], parts: list[Part]) -> None:
    match item:
        case Message():
            parts += item.content
            if item.name:
                texts.append(item.name)
        case FunctionCall():
            texts += (item.call_id, item.name, item.arguments, item.signature or "")
        case FunctionResult():
            parts += item.output
            texts.append(item.call_id)
        case HostedCall():
            texts += (item.call_id, item.label, item.tool, item.arguments)
            texts += (item.output or "", item.error or "")
        case Reasoning():
            parts += item.content
        case Compaction():
            parts += as_message(item).content
        case _:
            assert_never(item)


def _add_others(parts: list[Part], texts: list[str]) -> list[Part]:
    """The texts of parts that are more than a text; gives back those that are media."""
    media: list[Part] = []
    for part in parts:
        match part:
            case Text() | Refusal() | Summary() | Arguments():
                texts.append(part.text)
            case Thought():
                texts += (part.text, part.signature or "")
            case Sealed():
                texts.append(part.data)
            case File():
                texts.append(part.filename or "")
                media.append(part)
            case Image() | Audio() | Video():
                media.append(part)
            case _:
                assert_never(part)
    return media


_PDF_BASE64 = "JVBERi0"
"""How `%PDF-` begins in base64."""


def _media_tokens(part: Part, profile: Profile) -> int:
    match part:
        case Image():
            return profile.image_tokens
        case Audio():
            return 1 + len(part.data) // AUDIO_BYTES_PER_TOKEN
        case File():
            return _file_tokens(part, profile)
        case _:
            return profile.file_tokens


def _file_tokens(file: File, profile: Profile) -> int:
    """What a file that is no text counts for at most."""
    if file.data is None:
        return profile.file_tokens
    media_type, size = _inline(file, file.data)
    if is_text(media_type):
        return 0
    if media_type in IMAGES:
        return profile.image_tokens
    return profile.file_tokens if media_type == PDF else max(profile.file_tokens, size)


def text_file_bytes(file: File) -> int:
    """The most bytes of an inline file that is text; 0 for any other."""
    media_type, size = _inline(file, file.data) if file.data is not None else ("", 0)
    return size if is_text(media_type) else 0


def _inline(file: File, data: str) -> tuple[str, int]:
    """The type of inline data and the most bytes it has, without decoding or copying it."""
    comma = data.find(",") if data.startswith("data:") else -1
    head = data[5:comma] if comma > 0 else ""
    in_base64 = comma < 0 or "base64" in head
    if in_base64 and data.startswith(_PDF_BASE64, comma + 1):
        return PDF, len(data)
    media_type = head.partition(";")[0].strip().lower() or media_type_of(file.filename or "", None)
    return media_type, (len(data) - comma - 1) * 3 // 4 + 3 if in_base64 else byte_length(data[comma + 1 :])


def _raw_text(raw: Raw | UnsetType) -> str:
    return bytes(raw).decode("utf-8", "replace") if isinstance(raw, Raw) else ""
