"""A charge taken apart: each class of tokens and each unit with its rate, exactly as `cost` adds them."""

from __future__ import annotations

from decimal import Context, Decimal

from msgspec import Struct

from specs.prices import Rates
from specs.usage import INPUT_PARTS, Usage

MILLION = 1_000_000
_EXACT = Context(prec=80)
"""No amount needs more digits."""


class Line(Struct, frozen=True):
    """So many of something, at a rate for `per` of them."""

    name: str
    quantity: int
    rate: Decimal
    """USD."""
    per: int

    @property
    def amount(self) -> Decimal:
        """USD, exactly: `per` is a power of ten."""
        amount = _EXACT.multiply(self.rate, Decimal(self.quantity))
        return _EXACT.divide(amount, Decimal(self.per))


def lines(usage: Usage, rates: Rates) -> list[Line]:
    """The lines of a charge. A class without a rate of its own is within its total."""
    return [
        *_split("input", usage.input or 0, rates.input, INPUT_PARTS, usage, rates),
        *_split("output", usage.output or 0, rates.output, ("output_audio",), usage, rates),
        *(
            Line(name, number, rates.units.get(name, Decimal()), 1)
            for name, number in sorted(usage.units.items())
        ),
    ]


def _split(
    name: str, whole: int, rate: Decimal, parts: tuple[str, ...], usage: Usage, rates: Rates
) -> list[Line]:
    found: list[Line] = []
    for part in parts:
        count, own_rate = getattr(usage, part), getattr(rates, part)
        if count and own_rate is not None:
            whole -= count
            found.append(Line(part, count, own_rate, MILLION))
    return [Line(name, max(0, whole), rate, MILLION), *found] if whole > 0 or not found else found
