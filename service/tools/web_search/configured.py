"""The search that a configuration names, ready to be asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from service.egress import Door
from service.settings import Settings, SettingsError
from service.settings.rows import WebSearchRow
from service.tools.base import RunFacts, ToolSet
from service.tools.web_search.backends import Backend, Brave, Searxng, Tavily
from service.tools.web_search.domains import Domains, to_domains
from service.tools.web_search.searching import Engine
from service.tools.web_search.terms import NativeSearch, native_of, terms_of, wishes_of
from service.tools.web_search.tools import SearchTool
from specs.agents import Agent
from specs.requests import RunRequest
from specs.tools import SEARCH_TOOL, WebSearch

_URLS = {"brave": "https://api.search.brave.com", "tavily": "https://api.tavily.com"}


class WebSearching:
    """Hands every run the search it may make.

    Raises SettingsError where the configuration cannot be used.
    """

    def __init__(self, settings: Settings, door: Door) -> None:
        row = settings.web_search
        check_search(settings)
        self._operator = Domains(to_domains(row.allowed_domains), to_domains(row.blocked_domains))
        self.is_providers = row.backend == "provider"
        """Whether searching is left to the models' providers."""
        self._most = row.max_results
        self._usd = row.price_usd or Decimal()
        backend = _backend(row)
        self._engine = None if backend is None else Engine(row.backend or "", backend, door, row.seconds)

    @property
    def ready(self) -> bool:
        """Whether there is anything to search with."""
        return self._engine is not None

    def native(self, agent: Agent, request: RunRequest) -> NativeSearch | None:
        """The search that is left to the model's provider in a run; None where there is none."""
        if not self.is_providers:
            return None
        wishes = wishes_of(agent, request)
        return native_of(self._operator, wishes, most=request.max_tool_calls) if wishes else None

    def of(self, run: RunFacts, *, beside: Sequence[ToolSet]) -> ToolSet | None:
        """The search of this run, under a name no tool beside it has; None where it has none."""
        wishes = wishes_of(run.agent, run.request) if run.agent.tools or run.request.hosted else []
        if self._engine is None or not wishes:
            return None
        return SearchTool(
            self._engine,
            terms_of(self._operator, wishes),
            name=free_name([tool.name for each in beside for tool in each.definitions]),
            most=self._most,
            usd=self._usd,
            purse=run.purse,
        )


def free_name(taken: Collection[str]) -> str:
    """The tool's name, with a number where another tool has it."""
    name, number = SEARCH_TOOL, 2
    while name in taken:
        name, number = f"{SEARCH_TOOL}_{number}", number + 1
    return name


def check_search(settings: Settings) -> None:
    """Raises SettingsError with everything that is wrong with what is said of searches."""
    row = settings.web_search
    problems = [f"web_search.{field}: {what}" for field, what in _missing(row)]
    said = {"web_search": (row.allowed_domains, row.blocked_domains)}
    for agent in settings.agents:
        for tool in agent.tools:
            if isinstance(tool, WebSearch):
                said[f"agents {agent.id!r}: web_search"] = (tool.allowed_domains, tool.blocked_domains)
    for where, (allowed, blocked) in said.items():
        problems += [f"{where}.allowed_domains: {why}" for why in _wrong(allowed)]
        problems += [f"{where}.blocked_domains: {why}" for why in _wrong(blocked)]
    if problems:
        raise SettingsError(problems)


def _missing(row: WebSearchRow) -> list[tuple[str, str]]:
    """What the back end needs and does not have."""
    if row.backend is None:
        return []
    if row.backend == "provider":
        return _wrong_with_provider(row)
    if row.url and not row.url.startswith(("http://", "https://")):
        return [("url", f"{row.url!r} must be an http or https address")]
    if row.backend == "searxng":
        return [] if row.url else [("url", "is required: where your SearXNG is")]
    found: list[tuple[str, str]] = []
    if row.key is None:
        found.append(("key", 'is required: "env:NAME" or "file:PATH"'))
    if row.price_usd is None:
        found.append(("price_usd", "is required: what a search costs; 0 where it is free"))
    return found


def _wrong_with_provider(row: WebSearchRow) -> list[tuple[str, str]]:
    found = [
        (name, "is not used with the provider's own search") for name in ("url", "key") if getattr(row, name)
    ]
    if row.blocked_domains:
        found.append(("blocked_domains", "cannot be kept to by a provider's own search; use allowed_domains"))
    if row.price_usd is None:
        found.append(("price_usd", "is required: what a search costs where its model's price does not say"))
    return found


def _wrong(domains: Collection[str]) -> list[str]:
    found: list[str] = []
    for domain in domains:
        try:
            to_domains((domain,))
        except ValueError as error:
            found.append(str(error))
    return found


def _backend(row: WebSearchRow) -> Backend | None:
    match row.backend, row.key:
        case "searxng", key:
            return Searxng(row.url or "", key)
        case "brave", key if key is not None:
            return Brave(row.url or _URLS["brave"], key)
        case "tavily", key if key is not None:
            return Tavily(row.url or _URLS["tavily"], key)
        case _:
            return None
