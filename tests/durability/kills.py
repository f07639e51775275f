"""Kills: a real service under load, ended by SIGKILL at any moment, started again, and its books read.

`python -m tests.durability.kills --rounds 500` runs many rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from statistics import median

from msgspec import Struct, field

from service.store.statements import statements
from tests.durability.load import (
    INPUT,
    OUTPUT,
    Memory,
    configuration,
    keep_busy,
    script_of,
    tells_nothing,
    tokens_of,
)
from tests.support.processes import Service
from tests.support.upstream import until, upstream_in_thread

LEAST_TOLD = 10
"""Answers that a round waits for before its kill."""
READY_SECONDS = 3.0
TERMINAL_SECONDS = 30.0
"""After a start every run is over within this."""
GRACE_SECONDS = 60


class Outcome(Struct):
    """How rounds went."""

    ready: list[float] = field(default_factory=list)
    """Seconds from each start until it was ready."""
    terminal: list[float] = field(default_factory=list)
    """Seconds from each start until nothing was held and no run went on."""
    left: list[int] = field(default_factory=list)
    """Runs each kill left behind."""
    told: int = 0
    stored: int = 0
    """Responses told of as kept."""
    asked: int = 0
    refused: int = 0
    broken: list[str] = field(default_factory=list)


def run(rounds: int, folder: Path, *, seed: int = 0) -> Outcome:
    """Kill so many times; what is wrong in any round is in `broken`."""
    chance, outcome, memory = random.Random(seed), Outcome(), Memory()
    config, database = folder / "dragoman.toml", folder / "books.db"
    with upstream_in_thread() as upstream:
        upstream.answer_with(script_of)
        config.write_text(configuration(upstream.base_url))
        service = Service(config, environment={"UPSTREAM_KEY": "sk-scripted"})
        service.start()
        keys = [service.create_key(name=f"key {number}") for number in range(3)]
        keys.append(service.create_key("--balance", "2", name="thin"))
        try:
            for _ in range(rounds):
                _live_and_die(service, keys, memory, chance)
                outcome.left.append(count_open(database))
                _start_again(service, database, outcome, chance)
                outcome.broken += examine(database, memory)
                upstream.exchanges.clear()
            service.stop()
            service.run("doctor")
        finally:
            if service.is_running():
                service.kill()
    if "ledger_settled_twice" in service.log.read_text():
        outcome.broken.append("an attempt was settled twice")
    outcome.told, outcome.stored = len(memory.told), len(memory.stored)
    outcome.refused, outcome.asked = memory.refused, next(memory.asked)
    return outcome


def _live_and_die(service: Service, keys: list[str], memory: Memory, chance: random.Random) -> None:
    async def until_killed() -> None:
        told = len(memory.told)
        clients = asyncio.create_task(keep_busy(service.base_url, keys, memory, chance))
        await until(lambda: len(memory.told) >= told + LEAST_TOLD)
        await asyncio.sleep(chance.uniform(0.0, 0.5))
        service.kill()
        await clients

    asyncio.run(until_killed())


def _start_again(service: Service, database: Path, outcome: Outcome, chance: random.Random) -> None:
    """Start; one in four starts is itself killed first, while it recovers."""
    if chance.random() < 0.25:
        service.spawn()
        time.sleep(chance.uniform(0.2, 1.2))
        service.kill()
    began = time.monotonic()
    outcome.ready.append(service.start())
    while count_open(database) and time.monotonic() - began < TERMINAL_SECONDS:
        time.sleep(0.05)
    outcome.terminal.append(time.monotonic() - began)


def count_open(database: Path) -> int:
    """Runs that go on, open holds, and accounts that have something held."""
    with closing(reading(database)) as connection:
        (count,) = connection.execute(
            "select (select count(*) from runs where status = 'running')"
            " + (select count(*) from holds where state = 'open')"
            " + (select count(*) from accounts where held <> 0)"
        ).fetchone()
        return count


def examine(database: Path, memory: Memory) -> list[str]:
    """Everything in the books that is not as it was told to somebody, or not as it must be."""
    with closing(reading(database)) as connection:
        connection.execute("begin")
        return [*_unbalanced(connection), *_untrue(connection, memory)]


def _unbalanced(connection: sqlite3.Connection) -> list[str]:
    """What `doctor` would say, and accounts that did not pay the sum of their usage."""
    values = {"now": int(time.time()), "grace": GRACE_SECONDS}
    broken = [
        f"{check.name}: {detail}"
        for check in statements("checks")
        for (detail,) in connection.execute(check.sql, values)
    ]
    sums = """select a.id from accounts as a
        where settled <> (select coalesce(sum(charged), 0) from usage where account = a.id)"""
    return broken + [f"{account}: did not settle its usage" for (account,) in connection.execute(sums)]


def _untrue(connection: sqlite3.Connection, memory: Memory) -> list[str]:
    """Settlements somebody was told of that are lost or doubled, and costs that are not exact."""
    rows = connection.execute("select input, output, cost from usage where not estimated").fetchall()
    found = Counter((input, output) for input, output, _ in rows)
    wrong = [row for row in rows if row[2] != row[0] * INPUT + row[1] * OUTPUT]
    doubled = [pair for pair, times in found.items() if times > 1]
    exact = {(t.input, t.output): n for n in memory.told if not tells_nothing(n) for t in [tokens_of(n)]}
    lost = exact.keys() - found.keys()
    (estimated,) = connection.execute("select count(*) from usage where estimated").fetchone()
    kept = {id for (id,) in connection.execute("select id from responses")}
    untold = sum(map(tells_nothing, memory.told))
    return [
        *(f"cost is not exact: {row}" for row in wrong),
        *(f"settled {found[pair]} times: {pair}" for pair in doubled),
        *(f"settlement of order {exact[pair]} lost" for pair in lost),
        *(f"response {id} lost" for id in memory.stored - kept),
        *([f"{untold} estimated settlements told of, {estimated} there"] if estimated < untold else []),
    ]


def reading(database: Path) -> sqlite3.Connection:
    """A connection that cannot write, beside the service's."""
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)


def main() -> None:
    """Run many rounds and tell what was lost; exit 1 when anything was, or it took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        outcome = run(options.rounds, Path(folder), seed=options.seed)
    print(f"{options.rounds} kills in {time.monotonic() - began:.0f} s")
    print(f"{outcome.asked} requests, {outcome.told} answered to the end, {outcome.refused} refused")
    print(f"{sum(outcome.left)} runs, holds and accounts left open by the kills")
    print(f"ready after {median(outcome.ready):.2f} s (median), {max(outcome.ready):.2f} s (most)")
    print(f"nothing held, every run over after at most {max(outcome.terminal):.2f} s")
    print("\n".join(outcome.broken[:50]) or "nothing lost, nothing doubled")
    slow = median(outcome.ready) > READY_SECONDS or max(outcome.terminal) > TERMINAL_SECONDS
    raise SystemExit(bool(outcome.broken) or slow)


if __name__ == "__main__":
    main()
