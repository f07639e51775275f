"""Documentation as data: the fenced blocks of pages, and whether an output has a documented shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from service.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]
RUN = ("sh", "python", "javascript")
"""Languages of blocks that are programs."""
OUTPUT = ("json", "text")
"""Languages of blocks that show what the program above them prints."""
LOADED = ("toml", "markdown")
"""Languages of blocks that are configuration."""
ANYTHING = "…"
"""Stands in an output for whatever is there."""

_FENCE = re.compile(r"(?P<fence>`{3,})(?P<language>\w*)\s*")
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")


class Block(Struct, frozen=True):
    """One fenced block."""

    file: Path
    line: int
    language: str
    text: str
    not_run: str | None = None
    """Why it is neither run nor checked."""
    output: str | None = None
    """What the block right after it says that it prints."""
    output_language: str = ""

    @property
    def place(self) -> str:
        """Where it stands, as an editor opens it."""
        return f"{self.page}:{self.line}"

    @property
    def page(self) -> str:
        """The page it stands on, seen from the root."""
        return str(self.file.relative_to(ROOT))


def pages() -> list[Path]:
    """Every page that users read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page; an output is part of the program it follows."""
    found: list[Block] = []
    for block in _blocks(page, page.read_text(encoding="utf-8").splitlines()):
        above = found[-1] if found else None
        if block.language in OUTPUT and not block.not_run and above and _can_print(above):
            found[-1] = _with_output(above, block)
        else:
            found.append(block)
    return found


def _can_print(block: Block) -> bool:
    return block.language in RUN and block.output is None and block.not_run is None


def _with_output(program: Block, shown: Block) -> Block:
    return Block(program.file, program.line, program.language, program.text, None, shown.text, shown.language)


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    marker: str | None = None
    rest = iter(enumerate(lines, start=1))
    for number, line in rest:
        opened = _FENCE.fullmatch(line)
        if opened is None:
            marked = _NOT_RUN.fullmatch(line.strip())
            marker = marked[1] if marked else (marker if not line.strip() else None)
            continue
        text = []
        for _, inner in rest:
            if inner.rstrip() == opened["fence"]:
                break
            text.append(inner)
        yield Block(page, number, opened["language"], "\n".join(text) + "\n", marker)
        marker = None


def has_shape(output: str, documented: str) -> bool:
    """Whether a documented text is found in an output, numbers and `…` standing for any."""
    words = [_word_pattern(word) for word in documented.split()]
    return re.search(r"\s+".join(words), output, re.DOTALL) is not None


def _word_pattern(word: str) -> str:
    pieces = re.split(rf"({ANYTHING}|\d+)", word)
    return "".join(_piece_pattern(piece) for piece in pieces)


def _piece_pattern(piece: str) -> str:
    if piece == ANYTHING:
        return ".*?"
    return r"\d+" if piece.isdigit() else re.escape(piece)


def differences(found: object, documented: object, at: str = "$") -> list[str]:
    """Where a JSON value differs in shape from the documented one.

    Keys and types must agree, and texts that hold neither digits nor `…`.
    """
    if isinstance(documented, dict) and isinstance(found, dict):
        strange = [f"{at}: {key!r} is on one side only" for key in sorted(documented.keys() ^ found.keys())]
        both = [key for key in documented if key in found]
        return strange + [
            each for key in both for each in differences(found[key], documented[key], f"{at}.{key}")
        ]
    if isinstance(documented, list) and isinstance(found, list):
        if not documented or not found:
            return [] if documented == found else [f"{at}: {found!r} is documented as {documented!r}"]
        return differences(found[0], documented[0], f"{at}[0]")
    if isinstance(documented, str) and isinstance(found, str):
        return (
            [] if _is_loose(documented) or found == documented else [f"{at}: {found!r} is not {documented!r}"]
        )
    return [] if _kind(found) == _kind(documented) else [f"{at}: {found!r} is documented as {documented!r}"]


def _is_loose(text: str) -> bool:
    return ANYTHING in text or any(character.isdigit() for character in text)


def _kind(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    return "number" if isinstance(value, int | float) else type(value).__name__


def load_text(text: str, folder: Path) -> Settings:
    """Load a configuration, with every secret it names at hand."""
    file = folder / "dragoman.toml"
    file.write_text(text)
    for name in re.findall(r'"file:([^"]+)"', text):
        secret = folder / name
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("a secret")
    return load(file, dict.fromkeys(re.findall(r'"env:(\w+)"', text), "a-secret"))
