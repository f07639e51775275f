"""The public price table: compiled from genai-prices by a child process, read here as data.

The server never imports genai-prices (0.4 s and 23 MB); `python -m providers.prices OUT` does, in
`providers.price_compiler`. Rates an operator configured are not here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias, assert_never

import msgspec
from msgspec import Raw, Struct

from specs.prices import USUAL_TIERS, Price, Rates

PACKAGE = "genai-prices"


class Equals(Struct, frozen=True, array_like=True, tag="="):
    text: str


class StartsWith(Struct, frozen=True, array_like=True, tag="^"):
    text: str


class EndsWith(Struct, frozen=True, array_like=True, tag="$"):
    text: str


class Contains(Struct, frozen=True, array_like=True, tag="*"):
    text: str


class Matches(Struct, frozen=True, array_like=True, tag="~"):
    regex: str


class AnyOf(Struct, frozen=True, array_like=True, tag="|"):
    clauses: tuple[Clause, ...]


class AllOf(Struct, frozen=True, array_like=True, tag="&"):
    clauses: tuple[Clause, ...]


Clause: TypeAlias = Equals | StartsWith | EndsWith | Contains | Matches | AnyOf | AllOf
"""Which names of a model a row is for; texts are in lower case."""


class Period(Struct, frozen=True, omit_defaults=True):
    """Rates and when they hold; of several that hold, the last one counts."""

    rates: Rates
    tiers: tuple[tuple[int, Rates], ...] = ()
    since: date | None = None
    """The first day, in UTC."""
    daily: tuple[time, time] | None = None
    """From and until which time of the day, in UTC; it may span midnight."""


class Row(Struct, frozen=True, omit_defaults=True):
    """One model of one provider."""

    match: Clause
    periods: tuple[Period, ...]
    service_tiers: dict[str, tuple[Period, ...]] = {}
    """Instead of `periods`, for calls that asked for one of these service tiers."""


class Section(Struct, frozen=True, omit_defaults=True):
    """One provider; its rows stay undecoded until one is asked for."""

    id: str
    address: str
    """Regular expression that its base URL begins with."""
    rows: Raw
    fallback: tuple[str, ...] = ()
    """Providers whose models it also serves, at their prices."""


class Document(Struct, frozen=True):
    """The file."""

    version: str
    """Of the package it was compiled from."""
    sections: tuple[Section, ...]


_document = msgspec.json.Decoder(Document)
_rows = msgspec.json.Decoder(tuple[Row, ...])
_COMPACT_DATE = re.compile(r"-(20\d\d)(\d\d)(\d\d)(?=-|:|$)")


class PriceTable:
    """Looks prices up by address and model."""

    def __init__(self, document: Document) -> None:
        self._source = f"{PACKAGE} {document.version}"
        self._sections = {section.id: section for section in document.sections}
        self._decoded: dict[str, tuple[Row, ...]] = {}

    @classmethod
    def load(cls, path: Path) -> PriceTable:
        """Read a compiled table. Raises OSError, or msgspec.MsgspecError where it is something else."""
        return cls(_document.decode(path.read_bytes()))

    def find(
        self,
        base_url: str,
        model: str,
        *,
        service_tier: str | None = None,
        at: datetime | None = None,
    ) -> Price | None:
        """The price of a model served at this address; `at` is now unless given.

        A service tier other than the usual one has rates of its own or none.
        """
        section = next((each for each in self._sections.values() if re.match(each.address, base_url)), None)
        row = self._row(section, model.lower()) if section else None
        if section is None or row is None:
            return None
        usual = service_tier is None or service_tier in USUAL_TIERS
        periods = row.periods if usual else row.service_tiers.get(service_tier or "")
        if periods is None:
            return None
        period = current(periods, at or datetime.now(UTC))
        return Price(section.id, model, period.rates, period.tiers, self._source)

    def _row(self, section: Section, model: str) -> Row | None:
        sections = [section, *(self._sections[name] for name in section.fallback if name in self._sections)]
        for name in dict.fromkeys((model, _COMPACT_DATE.sub(r"-\1-\2-\3", model))):
            for each in sections:
                for row in self._rows_of(each):
                    if matches(row.match, name):
                        return row
        return None

    def _rows_of(self, section: Section) -> tuple[Row, ...]:
        if section.id not in self._decoded:
            self._decoded[section.id] = _rows.decode(section.rows)
        return self._decoded[section.id]


def matches(clause: Clause, model: str) -> bool:
    """Whether a clause is about this model; `model` must be in lower case."""
    match clause:
        case Equals(text):
            return model == text
        case StartsWith(text):
            return model.startswith(text)
        case EndsWith(text):
            return model.endswith(text)
        case Contains(text):
            return text in model
        case Matches(regex):
            return re.search(regex, model) is not None
        case AnyOf(clauses):
            return any(matches(each, model) for each in clauses)
        case AllOf(clauses):
            return all(matches(each, model) for each in clauses)
        case _:
            assert_never(clause)


def current(periods: tuple[Period, ...], at: datetime) -> Period:
    """The last of the periods that holds at this moment, else the first."""
    return next((period for period in reversed(periods) if _holds(period, at)), periods[0])


def _holds(period: Period, at: datetime) -> bool:
    if period.since is not None and at.date() < period.since:
        return False
    if period.daily is None:
        return True
    start, end = period.daily
    now = at.time()
    return start <= now < end if start <= end else now >= start or now < end


def table_path(folder: Path) -> Path | None:
    """Where the table of the installed package belongs in this folder; None when it is not installed."""
    try:
        return folder / f"prices-{version(PACKAGE)}.json"
    except PackageNotFoundError:
        return None


def ensure_table(folder: Path) -> PriceTable | None:
    """The table of the installed package, compiled into this folder where it is not there yet.

    None when it cannot be had; every model then needs a price of the operator's.
    """
    path = table_path(folder)
    if path is None:
        return None
    for attempt in range(2):
        try:
            return PriceTable.load(path)
        except (OSError, msgspec.MsgspecError):
            if attempt or not _compile(path):
                return None
    return None


def _compile(path: Path) -> bool:
    """Run the compiler as a child process, and remove the tables of other versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    root = str(Path(__file__).resolve().parents[1])
    inherited = os.environ.get("PYTHONPATH")
    try:
        subprocess.run(
            [sys.executable, "-m", "providers.prices", str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, inherited)))},
            check=True,
            timeout=60,
            stdout=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    for old in path.parent.glob("prices-*.json"):
        if old != path:
            old.unlink(missing_ok=True)
    return True


if __name__ == "__main__":
    from providers.price_compiler import main

    main(Path(sys.argv[1]))
