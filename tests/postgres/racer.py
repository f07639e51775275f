"""A process that spends from an account as fast as it can: `python -m tests.postgres.racer NAME TIMES`.

The database's address comes first on standard input. It says `ready`, waits for a line, then pays one
nano-dollar after the other; at the end it prints how many it got.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable

from service.store.database import Database
from service.store.ports import HoldRefused, HoldTaken, Taken
from specs.secret import Secret
from tests.support.money import open_hold, settle, void


async def race(where: Secret, name: str, times: int) -> int:
    async with await Database.open(where, busy_seconds=20) as database:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        taken = await asyncio.gather(*(_spend(database, f"{name}_{place}", place) for place in range(times)))
    return sum(taken)


async def _spend(database: Database, run: str, place: int) -> bool:
    """Pay a nano-dollar as long as there is one that others do not have for good.

    One of three is held first and given back.
    """
    if place % 3 == 0 and isinstance(await _hold(database, f"{run}_first"), HoldTaken):
        await database.books.void(void(f"{run}_first"))
    while isinstance(refused := await _hold(database, run), HoldRefused):
        if refused.available + refused.held == 0:
            return False
    await database.books.settle(settle(run, cost=1))
    return True


def _hold(database: Database, run: str) -> Awaitable[Taken]:
    return database.books.open_hold(open_hold(run, least=1, most=1))


if __name__ == "__main__":
    address = Secret(sys.stdin.readline().strip())
    print(asyncio.run(race(address, sys.argv[1], int(sys.argv[2]))), flush=True)
