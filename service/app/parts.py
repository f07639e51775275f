"""What a reload replaces: providers, prices and agents, as the settings name them."""

from __future__ import annotations

import time

import aiohttp
import structlog
from msgspec import structs

from providers.base import Provider
from providers.prices import PriceTable
from providers.registry import build_provider
from service.egress import Door
from service.engine.vault import UserProvided, Vault
from service.ledger.rates import RateBook
from service.limits import Limiter
from service.secrets import Sealer
from service.settings import Settings
from service.settings.prices import PriceBook, missing_prices
from service.store.agents import Agents
from service.store.agents_store import SqlAgents
from service.tools.base import RunFacts, ToolSet
from service.tools.mcp.servers import McpServers
from service.tools.toolbox import Toolbox
from service.tools.web_search.terms import NativeSearch
from specs.agents import Agent
from specs.errors import InvalidRequest, ServerError
from specs.prices import Price
from specs.providers import ProviderSpec
from specs.requests import RunRequest
from specs.tools import SEARCH_UNIT

PRICE_SECONDS = 60.0
"""How long a price is remembered; some change with the time of the day."""

log = structlog.get_logger()


class Parts:
    """What a reload replaces: providers, prices and agents, as the settings name them."""

    def __init__(
        self,
        settings: Settings,
        session: aiohttp.ClientSession,
        table: PriceTable | None,
        agents: SqlAgents,
        rates: RateBook,
        vault: Vault,
        door: Door,
        sealer: Sealer,
        mcp: McpServers,
    ) -> None:
        self.vault = vault
        self._door = door
        self._sealer = sealer
        self._mcp = mcp
        self._session = session
        self.rates = rates
        self.table = table
        self.limits = Limiter(settings.limits, replicas=settings.server.replicas)
        self.agents = Agents(store=agents)
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Serve what these settings say from now on; runs under way keep what they have.

        Raises SettingsError where an action's document cannot be used; all is then as it was.
        """
        self._toolbox = Toolbox(settings, self._door, self._sealer, self._mcp)
        self._mcp.take(settings)
        self._connectors = frozenset(spec.name for spec in settings.mcp if spec.shared)
        search = settings.web_search
        self._search_usd = search.price_usd if search.backend == "provider" else None
        self._specs = {spec.name: spec for spec in settings.providers}
        self._built: dict[str, Provider] = {}
        self._prices = PriceBook(settings.pricing, self.table, set_apart=self.rates.find)
        self._priced: dict[tuple[str, str, str | None, int], tuple[Price, float]] = {}
        self.agents.replace(
            settings.agents, settings.models, providers=self._specs, directory=settings.directory
        )
        self.limits.replace(settings.limits)
        self.vault.reload()
        for missing in missing_prices(settings, self.table):
            log.warning("price_missing", problem=missing)

    def tools(self, run: RunFacts) -> ToolSet:
        """What the server runs for a run."""
        return self._toolbox.of(run)

    def searches(self, agent: Agent) -> bool:
        """Whether runs of this agent can search the web: here, or its model's provider for them."""
        if self._toolbox.searches or not self._toolbox.searching.is_providers:
            return self._toolbox.searches
        provider, _, model = agent.model.partition("/")
        return provider in self._specs and self.provider(provider).profile(model).searches

    def native_search(self, agent: Agent, request: RunRequest) -> NativeSearch | None:
        """The search that is left to the model's provider in a run."""
        return self._toolbox.searching.native(agent, request)

    def provider(self, name: str) -> Provider:
        """The provider of this name, built when it is first asked for."""
        if name not in self._built:
            spec = self._specs[name]
            self._built[name] = (
                UserProvided(spec, self.vault, self._session)
                if spec.user_provided
                else build_provider(spec, self._session)
            )
        return self._built[name]

    def spec(self, name: str) -> ProviderSpec | None:
        """How the provider of this name is configured."""
        return self._specs.get(name)

    def may_run(self, named: str) -> bool:
        """Whether a `provider/model` is left to run by its provider's lists, and has a price."""
        provider, _, model = named.partition("/")
        spec = self._specs.get(provider)
        allowed = spec is not None and spec.serves(model)
        return allowed and self._prices.find(provider, model) is not None

    def connectors(self) -> frozenset[str]:
        """Names of the MCP servers of the configuration that anybody may name."""
        return self._connectors

    def price(self, provider: str, model: str, *, service_tier: str | None = None) -> Price:
        """What a model costs.

        Raises ServerError when nobody knows (no rate, no run), InvalidRequest when that is only so
        for the service tier asked for, or the provider's lists leave the model out.
        """
        asked = (provider, model, service_tier, self.rates.newest)
        price, until = self._priced.get(asked, (None, 0.0))
        now = time.monotonic()
        if price is None or now >= until:
            self._require_served(provider, model)
            price = self._prices.find(provider, model, service_tier=service_tier)
            if price is None and self._prices.find(provider, model) is not None:
                raise InvalidRequest(
                    f"service_tier: {service_tier!r} has no price for this agent's model; "
                    "'default' and 'auto' have.",
                    param="service_tier",
                )
            if price is None:
                raise ServerError(
                    f'No price for "{provider}/{model}". Tell your operator.', code="price_missing"
                )
            price = self._with_search(price)
            self._priced[asked] = (price, now + PRICE_SECONDS)
        return price

    def _with_search(self, price: Price) -> Price:
        """The price with that of a search, where that is left to the provider and the price has none."""
        usd = self._search_usd
        if usd is None or SEARCH_UNIT in price.rates.units:
            return price
        rates = structs.replace(price.rates, units={**price.rates.units, SEARCH_UNIT: usd})
        tiers = tuple(
            (above, structs.replace(each, units={SEARCH_UNIT: usd, **each.units}))
            for above, each in price.tiers
        )
        return structs.replace(price, rates=rates, tiers=tiers)

    def _require_served(self, provider: str, model: str) -> None:
        spec = self._specs.get(provider)
        if spec is not None and not spec.serves(model):
            raise InvalidRequest(
                f"model: the operator's lists leave {model[:200]!r} of {provider!r} out.",
                param="model",
                code="model_not_allowed",
            )
