"""What a run's searches are held to: the operator's word, then the agent's, then the caller's. Pure.

Each narrows what the one before it allows; none widens it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from service.tools.web_search.domains import Domains, to_domains
from specs.agents import Agent
from specs.requests import RunRequest
from specs.tools import Location, WebSearch


class SearchTerms(Struct, frozen=True):
    """How the web is searched in a run."""

    domains: Domains | None = Domains()
    """None: those who have a say leave nothing."""
    size: Literal["low", "medium", "high"] = "medium"
    location: Location | None = None
    max_uses: int | None = None


class NativeSearch(Struct, frozen=True):
    """A search that the model's provider makes itself."""

    tool: WebSearch
    problem: str = ""
    """Why it cannot be left to the provider; empty where it can."""


def native_of(operator: Domains, wishes: list[WebSearch], *, most: int | None) -> NativeSearch:
    """What a provider is asked for. Providers know no domains to leave out. `most` bounds its searches.

    Raises ValueError where a domain is none.
    """
    terms = terms_of(operator, wishes)
    domains = terms.domains or Domains()
    uses = [number for number in (terms.max_uses, most) if number is not None]
    tool = WebSearch(
        domains.allowed,
        context_size=terms.size,
        location=terms.location,
        max_uses=min(uses, default=None),
    )
    if terms.domains is None:
        return NativeSearch(tool, "the domains allowed exclude each other")
    return NativeSearch(tool, "a provider's own search cannot leave domains out" if domains.blocked else "")


def wishes_of(agent: Agent, request: RunRequest) -> list[WebSearch]:
    """The searches that agent and caller want, the agent's first."""
    return [tool for tool in (*agent.tools, *request.hosted) if isinstance(tool, WebSearch)]


def terms_of(operator: Domains, wishes: Iterable[WebSearch]) -> SearchTerms:
    """What they come to. What only says how much, or where, is the last one's to say.

    Raises ValueError where a domain is none.
    """
    terms = SearchTerms(operator)
    for wish in wishes:
        own = Domains(to_domains(wish.allowed_domains), to_domains(wish.blocked_domains))
        uses = [most for most in (terms.max_uses, wish.max_uses) if most is not None]
        terms = SearchTerms(
            None if terms.domains is None else own.within(terms.domains),
            wish.context_size,
            wish.location or terms.location,
            min(uses, default=None),
        )
    return terms
