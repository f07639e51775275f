"""Parts of a message in the words of the Chat Completions wire; what has no words there is noted."""

from __future__ import annotations

from typing import assert_never

from providers.history import Warnings
from providers.openai_chat.profile import Attachment
from providers.openai_chat.request import (
    AudioData,
    AudioPart,
    ContentPart,
    FileData,
    FilePart,
    ImagePart,
    ImageUrl,
    TextPart,
    VideoPart,
    VideoUrl,
)
from specs.items import Audio, File, Image, MessagePart, Refusal, Text, Video


def content_of(
    parts: tuple[MessagePart, ...], attachments: tuple[Attachment, ...], warnings: Warnings
) -> str | tuple[ContentPart, ...]:
    """A plain string where one text is all there is: every server takes that."""
    if len(parts) == 1 and type(parts[0]) is Text:
        return parts[0].text
    content = tuple(_part(part, attachments, warnings) for part in parts)
    if not content:
        return ""
    only = content[0]
    return only.text if len(content) == 1 and isinstance(only, TextPart) else content


def _part(part: MessagePart, attachments: tuple[Attachment, ...], warnings: Warnings) -> ContentPart:
    if isinstance(part, Text | Refusal):
        return TextPart(part.text)
    kind = attachment_kind(part)
    content = _attachment(part) if kind in attachments else None
    if isinstance(part, File) and part.cited:
        warnings.append(("input", "The model is not told to cite the file: its provider cannot do that."))
    if content is not None:
        return content
    warnings.append(
        ("input", f"The model was not given the {kind}: its provider does not take it in this form.")
    )
    return TextPart(f"[{kind} left out]")


def attachment_kind(part: Image | File | Audio | Video) -> Attachment:
    """What an attachment is called."""
    match part:
        case Image():
            return "image"
        case File():
            return "file"
        case Audio():
            return "audio"
        case Video():
            return "video"
        case _:
            assert_never(part)


def _attachment(part: Image | File | Audio | Video) -> ContentPart | None:
    """None where the wire has no way to say it: images by id, files by URL."""
    match part:
        case Image():
            return ImagePart(ImageUrl(part.url, part.detail)) if part.url else None
        case File():
            return _file(part)
        case Audio():
            return AudioPart(AudioData(part.data, part.format))
        case Video():
            return VideoPart(VideoUrl(part.url))
        case _:
            assert_never(part)


def _file(part: File) -> FilePart | None:
    if part.file_id:
        return FilePart(FileData(file_id=part.file_id))
    if not part.data:
        return None
    # A file without a name, or as bare base64, is refused.
    data = part.data if part.data.startswith("data:") else f"data:application/pdf;base64,{part.data}"
    return FilePart(FileData(file_data=data, filename=part.filename or "file.pdf"))


def split_result(
    parts: tuple[MessagePart, ...],
) -> tuple[str, tuple[Image | File | Audio | Video, ...]]:
    """A tool's result as its text and what a tool message cannot hold."""
    texts = [part.text for part in parts if isinstance(part, Text | Refusal)]
    attached = tuple(part for part in parts if not isinstance(part, Text | Refusal))
    return "\n".join(texts), attached
