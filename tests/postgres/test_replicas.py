"""Several processes on one PostgreSQL database: nothing is spent twice; what one revokes the others see."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from service.store.database import Database
from specs.secret import Secret
from tests.support.money import NOW, opened
from tests.support.patience import PATIENCE
from tests.support.postgres import fresh_database
from tests.support.processes import ROOT

CENTS = 100
RACERS = 3
TIMES = 80


def racer(where: Secret, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.postgres.racer", name, str(TIMES)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(f"{where.reveal()}\n")
    process.stdin.flush()
    return process


def answer(process: subprocess.Popen[str], line: str = "") -> str:
    """Say something to a racer, if only that, and read the line it answers with."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line)
        process.stdin.flush()
    return process.stdout.readline().strip()


async def prepared(where: Secret) -> None:
    async with opened(where, granted=CENTS):
        pass


async def outcome(where: Secret) -> tuple[int, int, list[object]]:
    async with await Database.open(where) as database:
        account = await database.accounts.get("acct_1")
        assert account is not None
        broken = await database.books.check(now=NOW, grace=60)
        return account.settled, account.held, list(broken)


def test_three_processes_race_for_the_last_cent_and_none_is_spent_twice():
    with fresh_database() as where:
        asyncio.run(prepared(where))
        racers = [racer(where, f"racer{number}") for number in range(RACERS)]
        try:
            assert [answer(process) for process in racers] == ["ready"] * RACERS
            for process in racers:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            won = [int(answer(process)) for process in racers]
        finally:
            for process in racers:
                process.communicate(timeout=PATIENCE)
        assert sum(won) == CENTS
        assert asyncio.run(outcome(where)) == (CENTS, 0, [])
