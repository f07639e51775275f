"""Clients who keep a service busy over both APIs, and remember what they were told.

Each order has a number; the upstream reports a usage that no other order has, so that one row of the
books belongs to one order.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
from contextlib import suppress
from typing import Any

import aiohttp
from msgspec import Struct, field

from tests.support.apis import APIS, Api
from tests.support.exchange import Exchange
from tests.support.script import Script
from tests.support.wires.frames import Tokens

CLIENTS = 24
INPUT, OUTPUT = 2_000, 8_000
"""Nano-dollars a token."""
AGENTS = ("local/scripted-1", "answers/scripted-1")
_PADDING = "Let us keep the bound of the input above what the upstream reports. " * 2


def configuration(upstream: str) -> str:
    """A service whose two providers, one a wire, are the same upstream."""
    prices = '[providers.{}.prices."scripted-1"]\ninput = 2.0\noutput = 8.0\n'
    return f"""
[store]
url = "sqlite:///books.db"
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
expose = ["scripted-1"]
{prices.format("local")}
[providers.answers]
kind = "openai"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
expose = ["scripted-1"]
{prices.format("answers")}
"""


def tokens_of(number: int) -> Tokens:
    """What an order uses: no two orders the same."""
    return Tokens(input=20 + number % 100, output=1 + number // 100)


def script_of(exchange: Exchange) -> Script:
    """How the upstream answers an order: most at once, some slowly, some without usage."""
    number = order_of(exchange)
    words = tuple(f"word{position} " for position in range(5 + number % 20))
    return Script(
        text=words,
        usage=tokens_of(number),
        usage_times=0 if tells_nothing(number) else 1,
        pace=0.02 if number % 4 == 0 else 0.0,
        header_delay=0.1 if number % 7 == 0 else 0.0,
    )


def order_of(exchange: Exchange) -> int:
    """The number of the order that a request at the upstream belongs to."""
    found = re.search(rb"order (\d+)", exchange.raw)
    assert found is not None
    return int(found[1])


def tells_nothing(number: int) -> bool:
    """Whether the upstream reports no usage for an order, which is then estimated."""
    return number % 11 == 0


class Memory(Struct):
    """What the clients know, over all kills."""

    asked: itertools.count[int] = field(default_factory=itertools.count)
    told: set[int] = field(default_factory=set)
    """Orders whose client has its whole answer with the usage."""
    stored: set[str] = field(default_factory=set)
    """Responses whose client was told that they are kept."""
    refused: int = 0
    """Answers of an error status."""


async def keep_busy(base_url: str, keys: list[str], memory: Memory, chance: random.Random) -> None:
    """Order until the service is gone."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(base_url, connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(_client(session, keys, memory, chance) for _ in range(CLIENTS)))


async def _client(
    session: aiohttp.ClientSession, keys: list[str], memory: Memory, chance: random.Random
) -> None:
    while True:
        number, api = next(memory.asked), chance.choice(APIS)
        headers = {"authorization": f"Bearer {chance.choice(keys)}"}
        body = _body(api, number, stream=chance.random() < 0.6)
        try:
            async with session.post(api.path, headers=headers, json=body) as response:
                if response.status != 200:
                    memory.refused += 1
                    await asyncio.sleep(0.02)
                elif number % 13 == 0:
                    continue  # the client leaves before its answer
                elif told := await _read(response, stream=body["stream"]):
                    _check(api.usage(told), number)
                    memory.told.add(number)
                    if told.get("object") == "response":
                        memory.stored.add(told["id"])
        except aiohttp.ClientError:
            return


def _body(api: Api, number: int, *, stream: bool) -> dict[str, Any]:
    body = {**api.body(AGENTS[number % 2], f"{_PADDING} order {number}"), "stream": stream}
    if stream and api.name == "chat":
        body["stream_options"] = {"include_usage": True}
    return body


async def _read(response: aiohttp.ClientResponse, *, stream: bool) -> dict[str, Any] | None:
    """Read an answer as far as it goes: the part of it that tells the usage, None where it was cut before."""
    received = b""
    with suppress(aiohttp.ClientError):
        async for piece in response.content.iter_any():
            received += piece
    for text in received.split(b"\n\n")[:-1] if stream else [received]:
        with suppress(json.JSONDecodeError):
            event = json.loads(text[text.find(b"{") :])
            answer = event.get("response", event)
            if answer.get("usage"):
                return answer
    return None


def _check(used: tuple[int, int, int], number: int) -> None:
    tokens = tokens_of(number)
    if not tells_nothing(number):
        assert used == (tokens.input, 0, tokens.output), f"order {number}: told of {used}"
