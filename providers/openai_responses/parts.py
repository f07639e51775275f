"""Message parts → the content parts of the Responses API. What it cannot carry leaves a note behind."""

from __future__ import annotations

from typing import assert_never

from providers.history import Warnings
from providers.openai_responses import body as wire
from specs.items import Audio, File, Image, MessagePart, Refusal, Text, Video

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
    "xml": "text/xml",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media types by file name ending, for files that came as bare base64; any other is taken for a PDF."""
_ENDINGS = {media: ending for ending, media in MEDIA_TYPES.items()}


def input_parts(parts: tuple[MessagePart, ...], path: str, warnings: Warnings) -> tuple[wire.InputPart, ...]:
    """Write what is shown to the model: of a user, the system, or a tool."""
    return tuple(_input_part(part, f"{path}[{index}]", warnings) for index, part in enumerate(parts))


def output_parts(
    parts: tuple[MessagePart, ...], path: str, warnings: Warnings
) -> tuple[wire.OutputPart, ...]:
    """Write what the model said."""
    return tuple(_output_part(part, f"{path}[{index}]", warnings) for index, part in enumerate(parts))


def _input_part(part: MessagePart, path: str, warnings: Warnings) -> wire.InputPart:
    match part:
        case Text() | Refusal():
            return wire.InputText(part.text)
        case Image():
            return wire.InputImage(part.detail or "auto", part.url, part.file_id)
        case File():
            if part.cited:
                warnings.append((path, "the file is not cited: this provider's API cannot be told to"))
            return _file(part)
        case Audio() | Video():
            return wire.InputText(_left_out(part, path, warnings))
        case _:
            assert_never(part)


def _output_part(part: MessagePart, path: str, warnings: Warnings) -> wire.OutputPart:
    match part:
        case Text():
            return wire.OutputText(part.text)
        case Refusal():
            return wire.RefusalText(part.text)
        case Image() | File() | Audio() | Video():
            return wire.OutputText(_left_out(part, path, warnings))
        case _:
            assert_never(part)


def _left_out(part: Image | File | Audio | Video, path: str, warnings: Warnings) -> str:
    """Warn, and give the note that takes its place: the model had better know of it."""
    kind = type(part).__name__.lower()
    warnings.append((path, f"{kind} was left out: this provider's API does not take it here"))
    return f"[{kind} left out]"


def _file(part: File) -> wire.InputFile:
    """A file; inline data goes as a `data:` URL and under a name, both of which the API demands."""
    if part.data is None:
        return wire.InputFile(file_url=part.url, file_id=part.file_id)
    data = part.data
    if not data.startswith("data:"):
        ending = (part.filename or "").rpartition(".")[2].lower()
        data = f"data:{MEDIA_TYPES.get(ending, MEDIA_TYPES['pdf'])};base64,{data}"
    return wire.InputFile(file_data=data, filename=part.filename or _file_name(data))


def _file_name(data_url: str) -> str:
    media_type = data_url[5:].partition(",")[0].partition(";")[0]
    return f"file.{_ENDINGS.get(media_type, 'pdf')}"
