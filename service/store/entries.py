"""The ledger read back: charges and grants in the order of time, the charge of a run, sums of usage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from service.store.entry_records import (
    Charge,
    DaysCost,
    Entry,
    EntryPage,
    EntryQuery,
    Grant,
    Grouping,
    Order,
    UsageBucket,
)
from service.store.ports import END_OF_TIME
from service.store.reader import Reader
from service.store.statements import sql
from service.store.usage_log import row_to_record
from specs.errors import NotFound

_SQL = sql("entries")


class _Place(Struct, frozen=True):
    """A place in the ledger. Within a second grants come first, then charges by run, step and attempt."""

    at: int
    run: str = ""
    step: int = 0
    attempt: int = 0
    grant: int = END_OF_TIME


_START = _Place(-1, grant=0)
_END = _Place(END_OF_TIME)


class SqlEntries:
    """Reads what settlements and grants have written."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(
        self, query: EntryQuery, *, limit: int, after: str | None = None, order: Order = "desc"
    ) -> EntryPage:
        """The next entries of the ledger. Raises NotFound where `after` is none."""
        place = await self._place(after) if after else (_START if order == "asc" else _END)
        way = "after" if order == "asc" else "before"
        values = structs.asdict(place) | structs.asdict(query) | {"limit": limit + 1}
        found: list[Entry] = []
        if query.kind in (None, "usage"):
            rows = await self._reader.rows(_SQL[f"charges_{way}"], _only(values, _CHARGES))
            found += [row_to_record(row) for row in rows]
        if query.kind != "usage" and query.key is None:
            rows = await self._reader.rows(
                _SQL[f"grants_{way}"], _only(values, _GRANTS) | {"cause": query.kind}
            )
            found += [Grant(*row) for row in rows]
        found.sort(key=_sort_key, reverse=order == "desc")
        return EntryPage(tuple(found[:limit]), len(found) > limit)

    async def of_run(self, run: str, *, project: str | None) -> Sequence[Charge]:
        """What the attempts of a run were charged, in order; of one project or of any."""
        rows = await self._reader.rows(_SQL["of_run"], {"run": run, "project": project})
        return [Charge(row_to_record(row[:-1]), row[-1]) for row in rows]

    async def buckets(
        self, *, since: int, until: int, width: int, grouping: Grouping
    ) -> Sequence[UsageBucket]:
        """The usage of a stretch of time in buckets of so many seconds, counted from 1970."""
        by = {f"by_{name}": int(wanted) for name, wanted in structs.asdict(grouping).items()}
        values = {**by, "since": since, "until": until, "width": width}
        return [UsageBucket(*row) for row in await self._reader.rows(_SQL["buckets"], values)]

    async def by_day(self, provider: str, *, since: int, until: int) -> Sequence[DaysCost]:
        """What the calls of a provider cost, by day of UTC and model."""
        values = {"provider": provider, "since": since, "until": until}
        return [DaysCost(*row) for row in await self._reader.rows(_SQL["by_day"], values)]

    async def _place(self, id: str) -> _Place:
        """Where the entry of this id stands. Raises NotFound."""
        place = _read_id(id)
        if place is not None:
            name = "charge_at" if place.run else "grant_at"
            wanted = ("run", "step", "attempt") if place.run else ("grant",)
            found = await self._reader.row(_SQL[name], _only(structs.asdict(place), wanted))
            if found is not None:
                return structs.replace(place, at=found[0])
        raise NotFound(f"There is no entry {id[:100]!r}.", param="after")


_BOTH = ("since", "until", "at", "account", "project", "of_run", "limit")
_CHARGES = (*_BOTH, "run", "step", "attempt", "key")
_GRANTS = (*_BOTH, "grant")


def _only(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _read_id(id: str) -> _Place | None:
    """What an id names; None where it cannot be one."""
    kind, _, number = id.partition("_")
    if kind == "grant":
        return _Place(0, grant=int(number)) if _is_number(number) else None
    run, *numbers = id.split("/")
    if len(numbers) != 2 or not run or not all(map(_is_number, numbers)):
        return None
    return _Place(0, run, int(numbers[0]), int(numbers[1]))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def _sort_key(entry: Entry) -> tuple[Any, ...]:
    if isinstance(entry, Grant):
        return entry.created_at, 0, entry.id
    return entry.created_at, 1, entry.run, entry.step, entry.attempt
