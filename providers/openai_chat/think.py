"""Reasoning that a model writes into its text, between `<think>` and `</think>`."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["thought", "text"]

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Tells thought from text. Only an answer that begins with the tag holds thought."""

    def __init__(self) -> None:
        self._state: Literal["before", "opened", "inside", "closed", "after"] = "before"
        self._held = ""

    def feed(self, text: str) -> list[tuple[Kind, str]]:
        """Return what is certain; what may be a part of a tag waits for more."""
        if self._state == "after":
            return [("text", text)]
        self._held += text
        pieces: list[tuple[Kind, str]] = []
        while (piece := self._step()) is not None:
            pieces.append(piece)
        return [piece for piece in pieces if piece[1]]

    def finish(self) -> list[tuple[Kind, str]]:
        """Return what was held back."""
        held, self._held = self._held, ""
        return [("thought" if self._state == "inside" else "text", held)] if held else []

    def _step(self) -> tuple[Kind, str] | None:
        """One move, or None when more is needed."""
        match self._state:
            case "before":
                return self._before()
            case "opened":
                return self._skip_space("inside")
            case "inside":
                return self._inside()
            case "closed":
                return self._skip_space("after")
            case _:
                return self._take("text", len(self._held)) if self._held else None

    def _before(self) -> tuple[Kind, str] | None:
        start = self._held.lstrip()
        if start.startswith(_OPEN):
            self._state = "opened"
            self._held = start.removeprefix(_OPEN)
            return "thought", ""
        if not _OPEN.startswith(start):
            self._state = "after"
            return "text", ""
        return None

    def _inside(self) -> tuple[Kind, str] | None:
        end = self._held.find(_CLOSE)
        if end >= 0:
            piece = self._take("thought", end)
            self._held = self._held.removeprefix(_CLOSE)
            self._state = "closed"
            return piece
        safe = len(self._held) - _overlap(self._held, _CLOSE)
        return self._take("thought", safe) if safe else None

    def _skip_space(self, then: Literal["inside", "after"]) -> tuple[Kind, str] | None:
        """The empty lines after a tag belong to the tag."""
        self._held = self._held.lstrip()
        if not self._held:
            return None
        self._state = then
        return "text", ""

    def _take(self, kind: Kind, length: int) -> tuple[Kind, str]:
        piece, self._held = self._held[:length], self._held[length:]
        return kind, piece


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of the text may begin the tag."""
    return next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-n:])), 0)
