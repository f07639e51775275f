"""Searches in the Responses API: how a call is shown, running and whole, and read when it comes back."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from service.dialects.base import NewId
from service.dialects.responses.hosted_items import id_or_new, status_of
from service.dialects.responses.limits import MAX_TEXT
from service.dialects.validation import at_most, decode_part
from specs.items import HostedCall, Source
from specs.openai import search_tools as wire
from specs.tools import SEARCH_TOOL

NOT_REPEATED = "What this search found is not repeated here."
FAILED = "The search failed."

_call = msgspec.json.Decoder(wire.SearchCallParam)


class _Arguments(Struct, frozen=True):
    query: str = ""
    action: str = ""
    url: str | None = None
    pattern: str | None = None


_arguments = msgspec.json.Decoder(_Arguments)


def search_item(call: HostedCall, *, sources: bool, results: bool) -> wire.SearchCallItem:
    """Show a search: what was looked for, and as much of what was found as was asked for."""
    pages = tuple(wire.SearchSource(source.url) for source in call.sources)
    shown = tuple(wire.SearchResultShown(source.url, source.title) for source in call.sources)
    whole = call.status in ("in_progress", "completed") and call.error is None
    return wire.SearchCallItem(
        call.id,
        call.status if whole else "failed",
        _action(call.arguments, pages if sources else UNSET),
        shown if results else UNSET,
    )


def _action(
    arguments: str, pages: tuple[wire.SearchSource, ...] | UnsetType
) -> wire.SearchAction | wire.OpenPageAction | wire.FindAction:
    """What the model looks for, empty where that cannot be read, or not yet; or what else a provider did."""
    try:
        told = _arguments.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        told = _Arguments()
    match told.action:
        case "open_page":
            return wire.OpenPageAction(told.url)
        case "find_in_page":
            return wire.FindAction(told.url or "", told.pattern or "")
        case _:
            return wire.SearchAction(told.query, (told.query,), pages)


def read_search_call(raw: Raw, param: str, new_id: NewId) -> HostedCall:
    """A search of an earlier answer. What it found is told as far as it was sent along."""
    sent = decode_part(raw, _call, param=param)
    action = sent.action or wire.SearchActionParam()
    query = at_most(action.query, MAX_TEXT, param=f"{param}.action.query")
    queries = [query] if query is not None else action.queries or []
    asked = {"query": " ".join(queries)} if action.type in (None, "search") else _page(action)
    pages = tuple(Source(page.url) for page in action.sources or () if page.url)
    failed = sent.status == "failed"
    id = id_or_new(sent.id, "ws", new_id)
    return HostedCall(
        id,
        id,
        SEARCH_TOOL,
        SEARCH_TOOL,
        msgspec.json.encode(asked).decode(),
        output=None if failed else _told(pages),
        error=FAILED if failed else None,
        status=status_of(sent.status),
        kind="web_search",
        sources=pages,
    )


def _page(action: wire.SearchActionParam) -> dict[str, str]:
    """What a provider's own search did with a page."""
    said = {"action": action.type, "url": action.url, "pattern": action.pattern}
    return {name: text for name, text in said.items() if text}


def _told(pages: tuple[Source, ...]) -> str:
    listed = "\n".join(f"[{number}] {page.url}" for number, page in enumerate(pages, start=1))
    return f"Found:\n{listed}" if listed else NOT_REPEATED
