"""What a server answers to a call, as the text that a model reads. Pure."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from service.tools.base import ToolOutcome


class Words(Struct, frozen=True):
    text: str


class Blob(Struct, frozen=True):
    """What is no text: an image, a sound, a file. Models are told what it is."""

    kind: str
    mime_type: str
    base64_length: int
    uri: str = ""


class Link(Struct, frozen=True):
    """A resource that the server has."""

    uri: str
    name: str = ""
    description: str = ""
    mime_type: str = ""


Piece: TypeAlias = Words | Blob | Link


class Answer(Struct, frozen=True):
    """A whole answer."""

    pieces: tuple[Piece, ...] = ()
    structured: str | None = None
    """JSON; servers that send it say the same in words, as a rule."""
    failed: bool = False


def to_outcome(answer: Answer) -> ToolOutcome:
    """The answer as an outcome."""
    text = "\n".join(map(_told, answer.pieces))
    if not text and answer.structured is not None:
        text = answer.structured
    if answer.failed:
        return ToolOutcome(error=text or "The tool failed and said nothing.")
    return ToolOutcome(output=text)


def _told(piece: Piece) -> str:
    match piece:
        case Words(text):
            return text
        case Blob(kind, mime_type, length, uri):
            where = f" {uri[:500]}" if uri else ""
            return f"[{kind}{where}: {mime_type[:100] or 'of no type'}, {length * 3 // 4} bytes, not shown]"
        case Link(uri, name, description, mime_type):
            about = "; ".join(filter(None, (name[:200], description[:500], mime_type[:100])))
            return f"[resource {uri[:500]}: {about}]" if about else f"[resource {uri[:500]}]"
