"""The tool of type `web_search`, its calls, and `web_search_options` of Chat Completions.

https://platform.openai.com/docs/api-reference/responses/create (`WebSearchTool`)
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from specs.openai.marks import listed, sized, words

ContextSize: TypeAlias = Literal["low", "medium", "high"]
SEARCH_TYPES = (
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
)
"""What the tool is called on the wire."""
MAX_DOMAINS = 100
MAX_PLACE = 100
"""Characters of a part of a place."""


class PlaceParam(Struct, frozen=True):
    """Roughly where the user is."""

    city: Annotated[str, sized(0, MAX_PLACE)] | None = None
    region: Annotated[str, sized(0, MAX_PLACE)] | None = None
    country: Annotated[str, sized(0, 2)] | None = None
    """ISO 3166-1, two letters."""
    timezone: Annotated[str, sized(0, MAX_PLACE)] | None = None
    """IANA."""


class UserLocationParam(PlaceParam, frozen=True):
    type: Annotated[str, words("approximate")] | None = None


class SearchFilters(Struct, frozen=True):
    allowed_domains: Annotated[list[str], listed(0, MAX_DOMAINS)] | None = None
    """These and what is under them."""
    blocked_domains: Annotated[list[str], listed(0, MAX_DOMAINS)] | None = None
    """Not these, nor what is under them."""


class SearchToolParam(Struct, frozen=True):
    """The server searches the web for the model."""

    type: Annotated[str, words(*SEARCH_TYPES)]
    filters: SearchFilters | None = None
    search_context_size: ContextSize | None = None
    user_location: UserLocationParam | None = None
    external_web_access: bool | None = None
    """False is not honoured; answered with a warning."""
    search_content_types: list[str] | None = None
    """Others than `text` are not honoured; answered with a warning."""


class ChatPlaceParam(Struct, frozen=True):
    approximate: PlaceParam
    type: Annotated[str, words("approximate")] | None = None


class SearchOptionsParam(Struct, frozen=True):
    """`web_search_options` of Chat Completions."""

    search_context_size: ContextSize | None = None
    user_location: ChatPlaceParam | None = None


class SearchFiltersEcho(Struct, frozen=True, omit_defaults=True):
    allowed_domains: tuple[str, ...] | None
    blocked_domains: tuple[str, ...] | None = None


class PlaceEcho(Struct, frozen=True):
    city: str | None
    country: str | None
    region: str | None
    timezone: str | None
    type: Literal["approximate"] = "approximate"


class SearchToolEcho(Struct, frozen=True, tag_field="type", tag="web_search"):
    """The search as it is stated back."""

    filters: SearchFiltersEcho | None
    search_context_size: ContextSize
    user_location: PlaceEcho | None


class SearchChoice(Struct, frozen=True, tag_field="type", tag="web_search"):
    """That the web is to be searched."""


class SearchSource(Struct, frozen=True, tag_field="type", tag="url"):
    """A page that a search has found."""

    url: str


class SearchAction(Struct, frozen=True, tag_field="type", tag="search"):
    """What was searched for."""

    query: str
    queries: tuple[str, ...]
    sources: tuple[SearchSource, ...] | UnsetType = UNSET
    """Only where `include` asks for them."""


class OpenPageAction(Struct, frozen=True, tag_field="type", tag="open_page"):
    """A page that a provider's own search has looked into."""

    url: str | None = None


class FindAction(Struct, frozen=True, tag_field="type", tag="find_in_page"):
    """What it has looked for in one."""

    url: str
    pattern: str


class SearchResultShown(Struct, frozen=True):
    url: str
    title: str


class SearchCallItem(Struct, frozen=True, tag_field="type", tag="web_search_call"):
    """A search that the server has made."""

    id: str
    status: Literal["in_progress", "searching", "completed", "incomplete", "failed"]
    action: SearchAction | OpenPageAction | FindAction
    results: tuple[SearchResultShown, ...] | UnsetType = UNSET
    """Only where `include` asks for them."""


class SearchActionParam(Struct, frozen=True):
    type: str | None = None
    query: str | None = None
    queries: list[str] | None = None
    sources: list[SearchSourceParam] | None = None
    url: str | None = None
    pattern: str | None = None


class SearchSourceParam(Struct, frozen=True):
    url: str | None = None


class SearchCallParam(Struct, frozen=True):
    """A search of an earlier answer, sent back."""

    id: str | None = None
    status: str | None = None
    action: SearchActionParam | None = None
