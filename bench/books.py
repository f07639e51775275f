"""What the accounting costs by itself: a run is a hold, its settlement and its end, each durable.

`python -m bench.books` runs the ledger on a fresh SQLite file and, where pgserver is installed, on a fresh
PostgreSQL server, with nothing beside it: no HTTP, no model.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path

import msgspec
import uvloop
from msgspec import Struct

from bench.processes import cpu_ms
from bench.tables import Rows, render
from providers.profiles import Profile
from service.ids import new_id
from service.ledger.holds import Ledger, Terms
from service.store.database import Database
from service.store.keys import mint
from service.store.ports import NewKey
from specs.items import Message, Text
from specs.prices import Price, Rates
from specs.requests import ModelRequest
from specs.secret import Secret
from specs.usage import Usage

DATABASES = ("sqlite", "postgresql")
PRICE = Price("mock", "bench", Rates(input=Decimal(2), output=Decimal(8)))
REQUEST = ModelRequest("bench", (Message("msg_1", "user", (Text("Say something."),)),))
USAGE = Usage(input=12, output=100)


class Tally(Struct, frozen=True, kw_only=True):
    """What so many runs took."""

    database: str
    in_flight: int
    runs: int
    seconds: float
    cpu_ms: float
    """Of this process: the ledger, the event loop that drives it, and the writer."""
    writer_ms: float
    """Of that, the writer's thread."""
    server_ms: float
    """Of the database's own processes."""


class Account(Struct, frozen=True):
    """Who pays."""

    key: str
    account: str
    project: str

    def terms(self) -> Terms:
        """The terms of one more run."""
        return Terms(
            run=new_id("run"),
            step=0,
            attempt=1,
            key=self.key,
            key_name="bench",
            account=self.account,
            project=self.project,
            agent="mock/bench",
            agent_version=1,
            api="chat",
            provider="mock",
            model="bench",
            price=PRICE,
            profile=Profile(),
            cap_given=False,
            min_output_tokens=256,
        )


async def open_account(database: Database) -> Account:
    """A key with an unlimited balance."""
    now, minted = int(time.time()), mint()
    project = await database.projects.ensure("default", id=new_id("proj"), now=now)
    record = await database.keys.create(
        NewKey(
            id=new_id("key"),
            project=project.id,
            name="bench",
            digest=minted.digest,
            prefix=minted.prefix,
            last_four=minted.last_four,
            scopes=("inference",),
            account=new_id("acct"),
            created_at=now,
        ),
        granted=0,
        unlimited=True,
    )
    return Account(record.id, record.account, project.id)


async def run_once(ledger: Ledger, account: Account) -> None:
    """Hold, settle, end."""
    terms = account.terms()
    hold = await ledger.hold(terms, REQUEST)
    settled = hold.settle(USAGE, output_text=str, failed=False)
    ended = ledger.end_run(terms.run, status="completed")
    await settled
    await ended


async def run_until(ledger: Ledger, account: Account, until: float) -> int:
    """One after the other; how many they were."""
    runs = 0
    while time.monotonic() < until:
        await run_once(ledger, account)
        runs += 1
    return runs


async def measure(
    where: Path | Secret, *, name: str, in_flight: int, seconds: float, server: int | None
) -> Tally:
    """So many at once for so long. `server` is the process of the database, if it has one."""
    async with await Database.open(where) as database:
        ledger, account = Ledger(database.books, owner="bench"), await open_account(database)
        await asyncio.gather(*(run_once(ledger, account) for _ in range(64)))
        began, cpu, writer = time.monotonic(), time.process_time(), _writer_seconds()
        served = cpu_ms(server) if server else 0.0
        loops = (run_until(ledger, account, began + seconds) for _ in range(in_flight))
        runs = sum(await asyncio.gather(*loops))
        return Tally(
            database=name,
            in_flight=in_flight,
            runs=runs,
            seconds=time.monotonic() - began,
            cpu_ms=(time.process_time() - cpu) * 1000,
            writer_ms=(_writer_seconds() - writer) * 1000,
            server_ms=cpu_ms(server) - served if server else 0.0,
        )


def _writer_seconds() -> float:
    """The CPU time of the thread that writes."""
    writers = (thread for thread in threading.enumerate() if thread.name == "store-writer")
    idents = [thread.ident for thread in writers if thread.ident is not None]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(ident)) for ident in idents)


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[Secret, int] | None]:
    """A server of its own and its process; None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, where the session has no runtime folder
            from pgserver.postgres_server import get_server
    except ImportError:
        yield None
        return
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield Secret(server.get_uri()), int((folder / "postmaster.pid").read_text().split()[0])
    finally:
        with suppress(FileNotFoundError):
            server.cleanup()


def tallies(options: argparse.Namespace, folder: Path) -> Iterator[Tally]:
    """Every database at every number in flight."""
    numbers = [int(number) for number in options.in_flight.split(",")]
    wanted = options.databases.split(",")

    def tally(where: Path | Secret, name: str, in_flight: int, server: int | None = None) -> Tally:
        measuring = measure(where, name=name, in_flight=in_flight, seconds=options.seconds, server=server)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(measuring)

    if "sqlite" in wanted:
        yield from (tally(folder / "books.db", "SQLite", number) for number in numbers)
    if "postgresql" in wanted:
        with postgresql(folder / "postgresql") as found:
            if found is None:
                print("PostgreSQL: pgserver is not installed", file=sys.stderr)
                return
            yield from (tally(found[0], "PostgreSQL", number, found[1]) for number in numbers)


def table(found: list[Tally]) -> Rows:
    """What a run takes."""
    rows = [["database", "in flight", "runs/s", "CPU ms/run", "of it the writer", "server's CPU ms/run"]]
    for tally in found:
        server = f"{tally.server_ms / tally.runs:.3f}" if tally.server_ms else "-"
        rows.append(
            [
                *(tally.database, str(tally.in_flight), f"{tally.runs / tally.seconds:.0f}"),
                *(f"{tally.cpu_ms / tally.runs:.3f}", f"{tally.writer_ms / tally.runs:.3f}", server),
            ]
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.books", description=__doc__)
    parser.add_argument("--databases", default=",".join(DATABASES), help="which (default: both)")
    parser.add_argument("--in-flight", default="1,32", help="runs at once (default: 1,32)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measure (default: 3)")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dragoman-books-") as folder:
        found = list(tallies(options, Path(folder)))
    print(msgspec.json.encode(found).decode() if options.json else render(table(found)))


if __name__ == "__main__":
    main()
