"""Power cuts: the store's own writer and SQL on a disk that loses what was not synced.

One trial is a disk and an office at work on it until the power fails, once or several times; then
the service's own SQLite opens what is left, and every promise is looked up.
`python -m tests.durability.power --trials 5000` runs many.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from msgspec import Struct, field

from service.store.database import Database
from specs.errors import StoreUnavailable
from tests.durability.office import Office, Promises, audit
from tests.support.apsw_connection import connecting
from tests.support.disk import Disk

DATABASE = "books.db"
MEMORY = Path("/dev/shm")
"""Where the files lie where there is such a place: the disk is a model anyway."""


class Outcome(Struct):
    """How trials went."""

    trials: int = 0
    settled: int = 0
    """Settlements somebody was told of."""
    cuts: Counter[str] = field(default_factory=Counter)
    """What was being done when the power failed."""
    broken: list[str] = field(default_factory=list)
    """What was not as promised, each with the number of its trial."""

    def add(self, other: Outcome) -> None:
        """Take in the outcome of other trials."""
        self.trials += other.trials
        self.settled += other.settled
        self.cuts += other.cuts
        self.broken += other.broken


def trial(number: int, folder: Path, *, synchronous: str = "full") -> Outcome:
    """Run one trial in an empty folder; the number decides every choice but the threads' timing."""
    promises, outcome = Promises(), Outcome(trials=1)
    try:
        broken = _lives(random.Random(number), folder, promises, outcome.cuts, synchronous=synchronous)
    except StoreUnavailable as error:
        broken = [f"the database does not open: {error.__cause__!r}"]
    outcome.broken = [f"trial {number}: {line}" for line in broken]
    outcome.settled = len(promises.settled)
    return outcome


def _lives(
    chance: random.Random, folder: Path, promises: Promises, cuts: Counter[str], *, synchronous: str
) -> list[str]:
    """One to three lives, each ended by a cut, and what the auditor finds afterwards."""
    lives = chance.choice((1, 1, 2, 3))
    folders = [folder / str(life) for life in range(lives + 1)]
    folders[0].mkdir()
    for life, (before, after) in enumerate(itertools.pairwise(folders)):
        disk = Disk(before)
        _plan(disk, chance)
        try:
            asyncio.run(_live(disk, before, promises, chance, name=str(life), synchronous=synchronous))
        finally:
            disk.close()
        cuts[disk.cut_during] += 1
        after.mkdir()
        for name, content in disk.survivors(chance).items():
            (after / name).write_bytes(content)
    return asyncio.run(audit(folders[-1] / DATABASE, promises))


def _plan(disk: Disk, chance: random.Random) -> None:
    """Choose when the power fails and, in some lives, which syncs fail before that."""
    disk.cut_at = chance.randint(1, chance.choice((80, 400, 2000)))
    if chance.random() < 0.3:
        disk.failing_syncs = frozenset(n for n in range(disk.cut_at) if chance.random() < 0.1)


async def _live(
    disk: Disk, folder: Path, promises: Promises, chance: random.Random, *, name: str, synchronous: str
) -> None:
    """Keep an office open, and open it again whenever its work is done, until the power fails.

    It does so at the latest when an office closes after a sync has failed: the next to open the files
    would read what the platter does not have, and SQLite has no means to tell.
    Raises StoreUnavailable when the database does not open although nothing fails.
    """
    checkpoint = chance.choice((10, 50, 1000))
    setup = (
        f"pragma synchronous = {synchronous}",
        "pragma foreign_keys = on",
        f"pragma wal_autocheckpoint = {checkpoint}",
    )
    path, day = folder / DATABASE, 0
    connect = connecting(str(path), vfs=disk.name, setup=setup)
    while not disk.off:
        day, before = day + 1, disk.operations
        try:
            async with await Database.open(path, connect=connect) as database:
                office = Office(database, promises, chance, name=f"{name}_{day}", is_dark=lambda: disk.off)
                await office.work()
        except StoreUnavailable:
            if disk.operations == before:
                raise
        if disk.has_forgotten and not disk.off:
            disk.cut()


def run(numbers: Iterable[int], *, synchronous: str = "full") -> Outcome:
    """Run these trials one after the other."""
    outcome = Outcome()
    where = MEMORY if MEMORY.is_dir() else None
    with _silence():
        for number in numbers:
            with tempfile.TemporaryDirectory(dir=where, prefix="power-") as folder:
                outcome.add(trial(number, Path(folder), synchronous=synchronous))
    return outcome


@contextmanager
def _silence() -> Iterator[None]:
    """Without the store's complaints, of which there are thousands."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


def main() -> None:
    """Run many trials and tell what was lost; exit 1 when anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--synchronous", default="full", help="'off' shows that the model disk bites")
    options = parser.parse_args()
    began = time.monotonic()
    outcome = run(range(options.first, options.first + options.trials), synchronous=options.synchronous)
    print(f"{outcome.trials} trials, {outcome.cuts.total()} cuts, {time.monotonic() - began:.0f} s")
    print(f"{outcome.settled} settlements told of, {len(outcome.broken)} promises broken")
    print("cut during:", ", ".join(f"{what} {count}" for what, count in outcome.cuts.most_common()))
    print("\n".join(outcome.broken[:50]))
    raise SystemExit(bool(outcome.broken))


if __name__ == "__main__":
    main()
