"""What tokens cost: rates by class, with tiers for long contexts."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

USUAL_TIERS = ("auto", "default")
"""Service tiers that cost what a call costs that names none."""


class Rates(Struct, frozen=True, omit_defaults=True):
    """USD per million tokens, by class; `units` USD apiece.

    A missing cache rate is the input rate; a missing part of the output is the output rate.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    units: dict[str, Decimal] = {}


class Price(Struct, frozen=True, omit_defaults=True):
    """The rates of one model of one provider."""

    provider: str
    model: str
    rates: Rates
    tiers: tuple[tuple[int, Rates], ...] = ()
    """(input tokens above which it holds, rates), ascending."""
    source: str = "operator"
    """`operator`, or the name and version of the table it comes from."""
    service_tier: str | None = None
    """The class of service it holds for; None is the usual one."""

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates that hold for a call with this many input tokens."""
        rates = self.rates
        for above, tier in self.tiers:
            if input_tokens > above:
                rates = tier
        return rates

    @property
    def highest(self) -> Rates:
        """Rates no call of this model exceeds, class by class: what a hold is sized by."""
        every = (self.rates, *(tier for _, tier in self.tiers))

        def most(name: str) -> Decimal | None:
            known = [value for rates in every if (value := getattr(rates, name)) is not None]
            return max(known) if known else None

        return Rates(
            input=max(rates.input for rates in every),
            output=max(rates.output for rates in every),
            cache_read=most("cache_read"),
            cache_write=most("cache_write"),
            cache_write_1h=most("cache_write_1h"),
            input_audio=most("input_audio"),
            output_audio=most("output_audio"),
            units=self.rates.units,
        )
