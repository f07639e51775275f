"""What the models of this configuration cost: the operator's word first, then the public table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import structs

from service.settings.model import Pricing, Settings
from specs.prices import USUAL_TIERS, Price


class Table(Protocol):
    """Where the price of a public model can be looked up."""

    def find(self, base_url: str, model: str, *, service_tier: str | None = None) -> Price | None:
        """The price of a model served at this address, if the table knows it."""
        ...


class PriceBook:
    """Prices by provider and model of the configuration."""

    def __init__(
        self,
        pricing: Mapping[str, Pricing],
        table: Table | None = None,
        *,
        set_apart: Callable[[str, str], Price | None] = lambda provider, model: None,
    ) -> None:
        self._set_apart = set_apart
        self._pricing = pricing
        self._table = table

    def find(self, provider: str, model: str, *, service_tier: str | None = None) -> Price | None:
        """The price of a provider's model; None is unknown, and then it must not be called.

        What was set at run time counts first, for the usual tier. Where the operator has rates of a
        model, those of the table do not count for it.
        """
        pricing = self._pricing.get(provider)
        if pricing is None:
            return None
        tier = None if service_tier in USUAL_TIERS else service_tier
        if tier is None and (price := self._set_apart(provider, model)) is not None:
            return price
        own = {price.service_tier: price for price in pricing.prices if price.model == model}
        if own:
            return own.get(tier)
        if pricing.fallback is not None:
            return structs.replace(pricing.fallback, model=model)
        if self._table is None:
            return None
        found = self._table.find(pricing.base_url, model, service_tier=service_tier)
        return None if found is None else structs.replace(found, provider=provider, model=model)


def needs_table(settings: Settings) -> bool:
    """Whether some model is priced by the public table alone: one of the configuration, or one that an
    agent made over the API may name.
    """
    open_ended = any(not row.prices and row.fallback is None for row in settings.pricing.values())
    return open_ended or bool(missing_prices(settings, None))


def _models(settings: Settings) -> list[str]:
    return [model for agent in settings.agents for model in agent.models]


def missing_prices(settings: Settings, table: Table | None) -> list[str]:
    """Say of every model without a price how to give it one."""
    book = PriceBook(settings.pricing, table)
    missing = []
    for named in dict.fromkeys((*_models(settings), *settings.models.values())):
        provider, _, model = named.partition("/")
        if book.find(provider, model) is None:
            missing.append(
                f'No price for "{named}". Add [providers.{provider}.prices."{model}"] '
                f"or free = true under [providers.{provider}]."
            )
    return missing
