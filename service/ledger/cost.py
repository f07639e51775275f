"""What tokens cost, exactly: Decimal arithmetic over inclusive buckets, rounded up once."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from msgspec import Struct, structs

from specs.prices import Price, Rates
from specs.usage import COUNTS, Usage

_EXACT = Context(prec=80)
"""No product of a token count and a rate needs more digits."""
_NANOS = Decimal(1_000)
"""Nano-dollars a token for each dollar per million tokens."""
_NANOS_APIECE = Decimal(1_000_000_000)
MOST = 10**18
"""A billion dollars: no single amount is larger, so that sums stay within 64 bits."""
MOST_TOKENS = 10**12
"""No call has more tokens; a larger count is a mistake of whoever reported it."""


def cost(usage: Usage, rates: Rates) -> int:
    """Nano-dollars for a usage; an unknown count costs nothing, neither does a unit without a rate."""
    tokens = _EXACT.add(_input_cost(usage, rates), _output_cost(usage, rates))
    total = _EXACT.multiply(tokens, _NANOS)
    for name, number in usage.units.items():
        apiece = _EXACT.multiply(rates.units.get(name, Decimal()), _NANOS_APIECE)
        total = _EXACT.add(total, _EXACT.multiply(apiece, Decimal(number)))
    return min(MOST, int(total.to_integral_value(ROUND_CEILING, _EXACT)))


def _input_cost(usage: Usage, rates: Rates) -> Decimal:
    parts = (
        (usage.cache_read, rates.cache_read),
        (usage.cache_write, rates.cache_write),
        (usage.cache_write_1h, rates.cache_write_1h),
        (usage.input_audio, rates.input_audio),
    )
    return _split_cost(usage.input or 0, rates.input, parts)


def _output_cost(usage: Usage, rates: Rates) -> Decimal:
    return _split_cost(usage.output or 0, rates.output, ((usage.output_audio, rates.output_audio),))


def _split_cost(whole: int, rate: Decimal, parts: tuple[tuple[int | None, Decimal | None], ...]) -> Decimal:
    """The parts at their own rates (the whole's where they have none), the rest at the whole's."""
    total = Decimal()
    for count, own_rate in parts:
        if count and own_rate is not None:
            whole -= count
            total = _EXACT.add(total, _EXACT.multiply(own_rate, Decimal(count)))
    return _EXACT.add(total, _EXACT.multiply(rate, Decimal(max(0, whole))))


def clamp(usage: Usage) -> Usage:
    """Cut parts to their totals, and every count to what is possible, so that no cost is negative.

    Where a total is unknown its parts stay.
    """
    if _is_plain(usage):
        return usage
    counts = {name: _possible(getattr(usage, name)) for name in COUNTS}
    _cut(counts, "input", ("cache_read", "cache_write", "cache_write_1h"))
    _cut(counts, "input", ("input_audio",))
    _cut(counts, "output", ("reasoning",))
    _cut(counts, "output", ("output_audio",))
    units = {name: _possible(number) or 0 for name, number in usage.units.items()}
    return structs.replace(usage, **counts, units=units)


def _is_plain(usage: Usage) -> bool:
    """Whether it tells of two totals that are possible, and of nothing else, as most do."""
    total_input, total_output = usage.input, usage.output
    if total_input is None or total_output is None or usage != Usage(input=total_input, output=total_output):
        return False
    return 0 <= total_input <= MOST_TOKENS and 0 <= total_output <= MOST_TOKENS


def _possible(count: int | None) -> int | None:
    return None if count is None else min(MOST_TOKENS, max(0, count))


def _cut(counts: dict[str, int | None], total: str, parts: tuple[str, ...]) -> None:
    room = counts[total]
    if room is None:
        return
    for part in parts:
        count = counts[part]
        if count is not None:
            counts[part] = min(count, room)
            room -= min(count, room)


class Worst(Struct, frozen=True):
    """The most one token can cost, in nano-dollars."""

    input: Decimal
    output: Decimal

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """The most a call of this size can cost."""
        total = _EXACT.add(
            _EXACT.multiply(self.input, Decimal(input_tokens)),
            _EXACT.multiply(self.output, Decimal(output_tokens)),
        )
        return min(MOST, int(total.to_integral_value(ROUND_CEILING, _EXACT)))

    def output_for(self, amount: int, input_tokens: int) -> int | None:
        """The output tokens an amount pays for beside this input; None is any number."""
        if not self.output:
            return None
        left = _EXACT.subtract(Decimal(amount), _EXACT.multiply(self.input, Decimal(input_tokens)))
        return max(0, int(_EXACT.divide(left, self.output).to_integral_value(ROUND_FLOOR, _EXACT)))


def worst_case(price: Price, *, audio: bool) -> Worst:
    """The dearest class an input token may turn out to be, audio only where some is sent.

    Output audio is left out: nothing a caller can ask for makes a model speak.
    """
    rates = price.highest if price.tiers else price.rates
    classes = [rates.input, rates.cache_write, rates.cache_write_1h]
    if audio:
        classes.append(rates.input_audio)
    dearest = max(rate for rate in classes if rate is not None)
    return Worst(_EXACT.multiply(dearest, _NANOS), _EXACT.multiply(rates.output, _NANOS))
