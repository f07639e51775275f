"""One story, told of every way a database fails: four answers are under way, the database fails, new
requests come, the answers end, the database works again."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct, field

from tests.durability.kills import count_open, examine, reading
from tests.durability.load import Memory, order_of, tokens_of
from tests.support.apis import APIS
from tests.support.exchange import Exchange
from tests.support.script import Script
from tests.support.upstream import Upstream, until

UNDER_WAY, DURING, AFTERWARDS = range(1, 5), range(5, 9), range(13, 17)
"""The orders: one for each API, whole and streamed."""


class Told(Struct, frozen=True):
    """What one client was answered."""

    status: int
    body: dict[str, Any]
    """Of a whole answer."""
    ended: str = ""
    """How a stream ended: see `Api.ended`."""


class Story(Struct):
    """What happened."""

    under_way: list[Told] = field(default_factory=list)
    """Answers that ended while the database failed."""
    during: list[Told] = field(default_factory=list)
    """Answers to requests that came meanwhile."""
    calls: int = 0
    """Calls the upstream had when the failure was over."""
    ready: list[int] = field(default_factory=list)
    """Status of readiness before, during and after."""
    afterwards: list[Told] = field(default_factory=list)
    made_up_seconds: float = 0.0
    """From the end of the failure until nothing was held."""
    settled: dict[int, int] = field(default_factory=dict)
    """Rows of usage by order."""
    broken: list[str] = field(default_factory=list)
    """What an auditor finds at the end."""


class Teller:
    """Plays the story on one running service."""

    def __init__(self, base_url: str, secret: str, database: Path, upstream: Upstream) -> None:
        self._base_url = base_url
        self._headers = {"authorization": f"Bearer {secret}"}
        self._database = database
        self._upstream = upstream

    async def play(self, fault: AbstractContextManager[None]) -> Story:
        """Play it."""
        story = Story()
        self._upstream.answer_with(_answer)
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(self._base_url, headers=self._headers, timeout=timeout) as session:
            self._session = session
            story.ready.append(await self._readiness())
            under_way = [asyncio.create_task(self._order(number)) for number in UNDER_WAY]
            await until(lambda: len(self._upstream.exchanges) == len(UNDER_WAY))
            with fault:
                await asyncio.sleep(1.1)  # readiness is remembered for a second
                self._upstream.release()
                story.under_way, story.during, ready = await asyncio.gather(
                    asyncio.gather(*under_way), self._orders(DURING), self._readiness()
                )
                story.ready.append(ready)
                story.calls = len(self._upstream.exchanges)
            await self._recovers(story)
        return story

    async def _recovers(self, story: Story) -> None:
        began = time.monotonic()
        story.afterwards = await self._orders(AFTERWARDS)
        story.ready.append(await self._readiness())
        await until(lambda: not count_open(self._database))
        story.made_up_seconds = time.monotonic() - began
        story.settled = settled(self._database)
        story.broken = examine(self._database, Memory(told={*UNDER_WAY, *AFTERWARDS}))

    async def _orders(self, numbers: range) -> list[Told]:
        return list(await asyncio.gather(*map(self._order, numbers)))

    async def _order(self, number: int) -> Told:
        api, stream = APIS[number % 2], number % 4 in (1, 2)
        body = {**api.body("local/scripted-1", f"Please, order {number}"), "stream": stream}
        async with self._session.post(api.path, json=body) as response:
            received = await response.read()
        if response.content_type == "text/event-stream":
            return Told(response.status, {}, api.ended(_events(received)))
        return Told(response.status, json.loads(received))

    async def _readiness(self) -> int:
        async with self._session.get("/health/ready") as response:
            return response.status


def settled(database: Path) -> dict[int, int]:
    """How many rows of usage each order has; estimates are counted under -1."""
    orders = {tokens_of(number).input: number for number in (*UNDER_WAY, *DURING, *AFTERWARDS)}
    with closing(reading(database)) as connection:
        rows = connection.execute("select iif(estimated, 0, input), count(*) from usage group by 1")
        return {orders.get(input, -1): count for input, count in rows}


def _answer(exchange: Exchange) -> Script:
    """Answer the first four orders when they are let go, all others at once."""
    number = order_of(exchange)
    words = ("It ", "is ", "done.")
    stall = (1 if exchange.body.get("stream") else 0) if number in UNDER_WAY else None
    return Script(text=words, usage=tokens_of(number), stall_after_events=stall)


def _events(received: bytes) -> list[dict[str, Any]]:
    lines = [line for line in received.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]
