"""Money: integers of nano-dollars inside, decimal strings of US dollars outside."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

NANO = 10**9
"""Nano-dollars in a dollar."""


def format_usd(nano: int) -> str:
    """Write nano-dollars as an exact decimal string: `9.9999865`, at least two decimals, no exponent."""
    sign = "-" if nano < 0 else ""
    dollars, rest = divmod(abs(nano), NANO)
    return f"{sign}{dollars}.{f'{rest:09d}'.rstrip('0').ljust(2, '0')}"


def usd_to_nano(usd: Decimal) -> int:
    """Turn an exact amount of dollars into nano-dollars.

    Raises ValueError when it is not finite or finer than a nano-dollar.
    """
    if not usd.is_finite():
        raise ValueError(f"{usd} is not an amount of money")
    nano = usd.scaleb(9)
    if nano != nano.to_integral_value():
        raise ValueError(f"{usd} has more than nine decimals")
    return int(nano)


def parse_usd(text: str) -> int:
    """Read a decimal string of dollars as nano-dollars.

    Raises ValueError when it is no number, not finite, or finer than a nano-dollar.
    """
    try:
        usd = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount of money; write dollars, as in 12.50") from None
    return usd_to_nano(usd)
