"""The search as a tool of one run: what the model is told of it, and each call of it, paid for."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from service.tools.base import Known, Listed, NoTools, ToolOutcome
from service.tools.purse import Charge, Piece, Purse
from service.tools.web_search.backends import MAX_QUERY, MOST_RESULTS, Query
from service.tools.web_search.found import SIZES, sources, written
from service.tools.web_search.searching import Engine, SearchFailed
from service.tools.web_search.terms import SearchTerms
from specs.errors import DragomanError
from specs.items import FunctionCall
from specs.requests import FunctionTool, Tool
from specs.tools import SEARCH_TOOL, SEARCH_UNIT

MOST_NAMED = 20
"""Domains that the model is told of."""
_SCHEMA = Raw(
    msgspec.json.encode(
        {
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": f"What to look for, in a few words; at most {MAX_QUERY} characters.",
                }
            },
            "required": ["query"],
            "additionalProperties": False,
        }
    )
)


class _Arguments(Struct, frozen=True):
    query: str


_arguments = msgspec.json.Decoder(_Arguments)


class SearchTool:
    """A `ToolSet` of this one tool. `name` is what the model knows it by."""

    servers: tuple[str, ...] = ()

    def __init__(
        self,
        engine: Engine,
        terms: SearchTerms,
        *,
        name: str = SEARCH_TOOL,
        most: int = MOST_RESULTS,
        usd: Decimal = Decimal(),
        purse: Purse | None = None,
    ) -> None:
        self._engine = engine
        self._terms = terms
        self._name = name
        self._most = min(most, SIZES[terms.size].results)
        self._piece = Piece(SEARCH_UNIT, SEARCH_TOOL, engine.name, usd)
        self._purse = purse
        self._uses = 0
        self.definitions: tuple[Tool, ...] = (FunctionTool(name, described(terms), _SCHEMA),)

    async def list_tools(self, server: str) -> Listed:
        """There is nobody to ask."""
        return Listed()

    def known(self, name: str) -> Known | None:
        """The search, where the model calls it so."""
        return Known(SEARCH_TOOL, SEARCH_TOOL, "web_search") if name == self._name else None

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Search once."""
        if call.name != self._name:
            return await NoTools().call(call)
        try:
            query = self._query(call.arguments)
            charge = await self._charge()
            try:
                found = await self._engine.search(query)
                if charge is not None:
                    charge.settle()
            finally:
                if charge is not None:
                    charge.give_back()  # does nothing where it was settled
        except SearchFailed as error:
            return ToolOutcome(error=str(error), code=error.code)
        text = written(query.text, found, characters=SIZES[self._terms.size].characters)
        return ToolOutcome(output=text, sources=sources(found))

    async def aclose(self) -> None:
        """The door stays its owner's to close."""

    def _query(self, arguments: str) -> Query:
        """What is looked for, if it may be. Raises SearchFailed."""
        try:
            text = " ".join(_arguments.decode(arguments).query.split())
        except (msgspec.DecodeError, RecursionError) as error:
            raise SearchFailed('query: the arguments must be {"query": "..."}.', "invalid_input") from error
        if not text:
            raise SearchFailed("query: it must not be empty.", "invalid_input")
        if len(text) > MAX_QUERY:
            raise SearchFailed(f"query: at most {MAX_QUERY} characters are allowed.", "query_too_long")
        if self._terms.domains is None:
            raise SearchFailed("No domain may be searched: those allowed here exclude each other.")
        if self._terms.max_uses is not None and self._uses >= self._terms.max_uses:
            raise SearchFailed(
                "No more searches are allowed. Answer with what you have.", "max_uses_exceeded"
            )
        self._uses += 1
        return Query(text, self._most, self._terms.domains, self._terms.location)

    async def _charge(self) -> Charge | None:
        """Hold the price. Raises SearchFailed where nobody can pay it."""
        if self._purse is None:
            return None
        try:
            return await self._purse.hold(self._piece)
        except DragomanError as error:
            raise SearchFailed("The search was not made: its price cannot be paid.") from error


def described(terms: SearchTerms) -> str:
    """What the model is told of the tool. The same in every step of a run."""
    said = ["Search the web. Gives numbered results, each with title, address and an excerpt."]
    if terms.domains is not None and terms.domains.allowed:
        said.append(f"Only pages of these domains are found: {_listed(terms.domains.allowed)}.")
    if terms.domains is not None and terms.domains.blocked:
        said.append(f"Pages of these domains are not found: {_listed(terms.domains.blocked)}.")
    place = terms.location
    if place is not None:
        where = ", ".join(filter(None, (place.city, place.region, place.country, place.timezone)))
        said.append(f"The user is about here: {where}.")
    if terms.max_uses is not None:
        said.append(f"At most {terms.max_uses} searches are allowed.")
    return " ".join(said)


def _listed(domains: tuple[str, ...]) -> str:
    others = len(domains) - MOST_NAMED
    return ", ".join(domains[:MOST_NAMED]) + (f" and {others} others" if others > 0 else "")
