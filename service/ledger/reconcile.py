"""Comparing what a provider says it billed with what the ledger says, by day and model. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from msgspec import Struct

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "day": ("date", "start_time_iso", "start_time"),
    "model": ("model", "line_item"),
    "cost": ("cost", "cost_usd", "amount_value", "amount"),
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "currency": ("currency", "amount_currency"),
}
"""What a column is called, by what is in it; of several the first there is. Others are passed over."""
REQUIRED = ("day", "model", "cost")
_NANO = Decimal(10) ** 9
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


class Billed(Struct, frozen=True):
    """What one day and model came to."""

    cost: int = 0
    """Nano-dollars."""
    input: int | None = None
    """Tokens; None where they are not told."""
    output: int | None = None

    def plus(self, other: Billed) -> Billed:
        """Both together."""
        return Billed(self.cost + other.cost, _sum(self.input, other.input), _sum(self.output, other.output))


class Difference(Struct, frozen=True):
    """Where invoice and ledger disagree."""

    day: str
    model: str
    invoiced: Billed
    ours: Billed

    @property
    def cost(self) -> int:
        """By how many nano-dollars the invoice is higher."""
        return self.invoiced.cost - self.ours.cost


Sheet = dict[tuple[str, str], Billed]
"""By day (`2026-12-31`, UTC) and model."""


def model_family(model: str) -> str:
    """A model's name as invoices and requests share it: without what follows a comma, or the date of a
    snapshot."""
    return _DATED.sub("", model.partition(",")[0].strip())


def add_up(rows: Iterable[tuple[str, str, Billed]]) -> Sheet:
    """Add up what is of the same day and model, in whatever order it comes."""
    sheet: Sheet = {}
    for day, model, billed in rows:
        key = (day, model_family(model))
        sheet[key] = sheet.get(key, Billed()).plus(billed)
    return sheet


def read_invoice(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Sheet:
    """Read the rows of an exported invoice.

    Raises ValueError naming a column that is missing, or the line and what is wrong in it.
    """
    return add_up(_lines(_places(header), rows))


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands. Raises ValueError."""
    names = [name.strip().lstrip("\ufeff").lower().replace(" ", "_") for name in header]
    places = {
        what: names.index(next(name for name in known if name in names))
        for what, known in COLUMNS.items()
        if set(known) & set(names)
    }
    for what in REQUIRED:
        if what not in places:
            raise ValueError(
                f"there is no column for the {what}: one of {', '.join(COLUMNS[what])} is needed"
            )
    return places


def _lines(places: Mapping[str, int], rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str, Billed]]:
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            cells = {what: row[place].strip() for what, place in places.items()}
            yield _day(cells["day"]), cells["model"] or "(no model)", _billed(cells)
        except (ValueError, IndexError, InvalidOperation) as error:
            raise ValueError(f"line {number}: {error or 'a cell is missing or no number'}") from error


def _billed(cells: Mapping[str, str]) -> Billed:
    currency = cells.get("currency") or "usd"
    if currency.lower() != "usd":
        raise ValueError(f"{currency!r} is not USD")
    cost = Decimal(cells["cost"].removeprefix("$") or "0")
    if not cost.is_finite():
        raise ValueError(f"{cells['cost']!r} is no amount")
    return Billed(int((cost * _NANO).to_integral_value()), _count(cells, "input"), _count(cells, "output"))


def _count(cells: Mapping[str, str], what: str) -> int | None:
    text = cells.get(what, "")
    return int(Decimal(text)) if text else None


def _day(text: str) -> str:
    """The day in UTC that a date, a moment in ISO 8601 or Unix seconds lie in. Raises ValueError."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC).date().isoformat()
    if len(text) == len("2026-12-31"):
        return date.fromisoformat(text).isoformat()
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).date().isoformat()


def compare(invoice: Sheet, ours: Sheet, *, tolerance: int) -> list[Difference]:
    """Where the cost of a day and model differs by more than a tolerance, by day and model."""
    every = (
        Difference(*key, invoice.get(key, Billed()), ours.get(key, Billed()))
        for key in sorted(invoice.keys() | ours.keys())
    )
    return [difference for difference in every if abs(difference.cost) > tolerance]


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
