"""What a server says its tools are, taken in within bounds. Pure.

What is over is left out and told; nothing a server says makes a listing fail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import UNSET, Raw, Struct

from service.tools.fingerprints import fingerprint_of
from specs.items import ListedTool

MOST_TOOLS = 128
MOST_PAGES = 32
MOST_NAME = 128
MOST_DESCRIPTION = 1024
"""Characters."""
MOST_SCHEMA = 64 * 1024
MOST_ANNOTATIONS = 1024
MOST_TOGETHER = 1024 * 1024


class Told(Struct, frozen=True):
    """A tool as its server describes it."""

    name: str
    description: str | None = None
    schema: bytes = b'{"type":"object"}'
    annotations: bytes | None = None
    read_only: bool = False
    idempotent: bool = False
    """Whether the server says that it may be repeated, or changes nothing."""


class Page(Struct, frozen=True):
    tools: tuple[Told, ...]
    next: str | None = None
    """The cursor of the page after it."""


class Offer(Struct, frozen=True):
    """A tool that was taken in."""

    tool: ListedTool
    fingerprint: str
    read_only: bool = False
    idempotent: bool = False

    @property
    def name(self) -> str:
        """The tool as its server calls it."""
        return self.tool.name


class Listing(Struct, frozen=True):
    """What one server offers."""

    offers: tuple[Offer, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was not taken in, a sentence each."""
    size: int = 0


async def read_listing(page: Callable[[str | None], Awaitable[Page]]) -> Listing:
    """Read page after page, no further than the bounds. Raises what `page` raises."""
    told: list[Told] = []
    seen: set[str | None] = set()
    cursor: str | None = None
    while len(seen) < MOST_PAGES and len(told) <= MOST_TOOLS and cursor not in seen:
        seen.add(cursor)
        found = await page(cursor)
        told += found.tools
        cursor = found.next
        if cursor is None:
            return to_listing(told)
    return to_listing(told, whole=False)


def to_listing(told: list[Told], *, whole: bool = True) -> Listing:
    """The tools that are within bounds, and what was left out."""
    offers: dict[str, Offer] = {}
    left_out: list[str] = []
    size = over = 0
    for each in told:
        if len(offers) == MOST_TOOLS:
            over += 1
        elif (why := _unfit(each, offers)) is not None:
            left_out.append(why)
        elif size + len(each.schema) > MOST_TOGETHER:
            left_out.append(f"tool {each.name!r}: with it the schemas have more than {MOST_TOGETHER} bytes")
        else:
            size += len(each.schema)
            offers[each.name] = _offer(each)
    if over:
        left_out.append(f"{over} tools beyond the first {MOST_TOOLS}")
    if not whole:
        left_out.append("further pages of tools")
    return Listing(tuple(offers.values()), _few(left_out), size)


def _unfit(told: Told, offers: dict[str, Offer]) -> str | None:
    """Why a tool is not taken in."""
    name = told.name
    if not name.strip() or len(name) > MOST_NAME or not name.isprintable():
        return f"a tool whose name is empty, longer than {MOST_NAME} characters or not printable"
    if name in offers:
        return f"tool {name!r}: named twice"
    if len(told.schema) > MOST_SCHEMA:
        return f"tool {name!r}: its schema has more than {MOST_SCHEMA} bytes"
    return None


def _offer(told: Told) -> Offer:
    annotations = told.annotations
    known = annotations is not None and len(annotations) <= MOST_ANNOTATIONS
    tool = ListedTool(
        told.name,
        Raw(told.schema),
        _cut(told.description),
        Raw(annotations) if annotations is not None and known else UNSET,
    )
    return Offer(tool, fingerprint_of(tool), told.read_only, told.idempotent)


def _cut(description: str | None) -> str | None:
    if description is None or len(description) <= MOST_DESCRIPTION:
        return description
    left = len(description) - MOST_DESCRIPTION
    return f"{description[:MOST_DESCRIPTION]} [cut: {left} characters are left out]"


def _few(sentences: list[str], most: int = 8) -> tuple[str, ...]:
    """The first of many: a server must not fill a caller's warnings."""
    unique = list(dict.fromkeys(sentences))
    more = len(unique) - most
    return (*unique[:most], *((f"{more} more",) if more > 0 else ()))
