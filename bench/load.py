"""The load generator: asks, checks every answer, and times it. One process per round.

`python -m bench.load` reads an `Order` as JSON and prints a `Result`.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import uvloop

from bench.sockets import SocketClient
from bench.wire import request, whole_body

SENT_AT = re.compile(rb'"content":\s?"w(\d{10,}) ')
_DELTA = re.compile(rb'"delta":\s?"w\d')
MARKERS = {
    "chat": re.compile(rb'"content":\s?"w\d'),
    "responses": _DELTA,
    "turns": _DELTA,
    "conversation": _DELTA,
    "websocket": _DELTA,
}
LAST = {"websocket": b'"type":"response.completed"'}
"""What ends a whole stream, where it is not `[DONE]`."""


class Order(msgspec.Struct, kw_only=True):
    """What to ask, how often, and what must come back."""

    port: int
    path: str
    headers: dict[str, str]
    bodies: list[msgspec.Raw]
    """What is asked: each connection has one of them, in turn."""
    connections: int
    seconds: float
    """A closed loop asks again until then; a paced one waits so long at most."""
    kind: str
    """json, stream or paced."""
    api: str
    """Whose wire the answers are on: one of `bench.loads.APIS`."""
    deltas: int
    most: int = 20_000
    """Requests of one round, at most."""
    stagger: float = 0.002
    """Seconds between the starts of paced streams."""


class Result(msgspec.Struct, kw_only=True):
    """What came back. Times in seconds."""

    answers: int = 0
    errors: list[str] = []
    times: list[float] = []
    """From the request's first byte to the answer's last; of a paced stream, each delta's delay."""


class Client(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, tells its owner."""

    def __init__(self, order: Order, body: bytes) -> None:
        self._sent = request(path=order.path, headers=order.headers, body=body)
        self._buffer = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self.arrivals: list[tuple[float, float]] = []
        """When each paced delta arrived, and how long it had been under way."""
        self._paced = order.kind == "paced"

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._paced:
            now = time.monotonic()
            self.arrivals.extend((now, now - int(sent) / 1e9) for sent in SENT_AT.findall(data))
        body = whole_body(self._buffer)
        if body is not None and self._answer is not None and not self._answer.done():
            self._answer.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            seen = bytes(self._buffer[-200:])
            self._answer.set_exception(ConnectionError(f"cut after {seen!r}"))

    async def ask(self) -> tuple[int, bytes]:
        """Send the request; gives the answer's status and body."""
        self._buffer.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(self._sent)
        body = await self._answer
        return int(self._buffer[9:12]), body

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()


def fault(order: Order, status: int, body: bytes) -> str | None:
    """What is wrong with an answer; None when it is all there."""
    if status != 200:
        return f"status {status}: {body[:300]!r}"
    if order.kind == "json":
        last = f"w{order.deltas - 1:03d} ".encode()
        return None if last in body else f"text missing: {body[:300]!r}"
    found = len(MARKERS[order.api].findall(body))
    last = LAST.get(order.api, b"[DONE]")
    if found != order.deltas or last not in body.rstrip().rpartition(b"\n")[2]:
        return f"{found} of {order.deltas} deltas, ending {body[-200:]!r}"
    return None


async def connect(order: Order, number: int) -> Client | SocketClient:
    """Open one of the connections."""
    body = bytes(order.bodies[number % len(order.bodies)])

    def client() -> Client | SocketClient:
        if order.api != "websocket":
            return Client(order, body)
        return SocketClient(path=order.path, headers=order.headers, message=body)

    _, connected = await asyncio.get_running_loop().create_connection(client, "127.0.0.1", order.port)
    return connected


async def ask_again_and_again(order: Order, result: Result, *, number: int, until: float) -> None:
    """One connection's closed loop."""
    client = await connect(order, number)
    while (began := time.monotonic()) < until and result.answers < order.most and len(result.errors) < 10:
        status, body = await client.ask()
        result.times.append(time.monotonic() - began)
        note(order, result, status, body)
    client.close()


async def follow(order: Order, result: Result, *, number: int) -> Sequence[tuple[float, float]]:
    """One paced stream, from its start to its end."""
    await asyncio.sleep(number * order.stagger)
    client = await connect(order, number)
    status, body = await client.ask()
    note(order, result, status, body)
    client.close()
    return client.arrivals


def note(order: Order, result: Result, status: int, body: bytes) -> None:
    """Count one answer, right or wrong."""
    if found := fault(order, status, body):
        result.errors.append(found)
    result.answers += 1


async def closed_loop(order: Order) -> Result:
    """All connections ask as fast as they are answered."""
    result = Result()
    until = time.monotonic() + order.seconds
    numbers = range(order.connections)
    loops = (ask_again_and_again(order, result, number=number, until=until) for number in numbers)
    async with asyncio.timeout(order.seconds + 30):
        await asyncio.gather(*loops)
    return result


async def paced(order: Order) -> Result:
    """All streams at once; only deltas that arrive while every stream is open count."""
    result = Result()
    streams = (follow(order, result, number=number) for number in range(order.connections))
    async with asyncio.timeout(order.seconds):
        arrivals = await asyncio.gather(*streams)
    opened = max((stream[0][0] for stream in arrivals if stream), default=0.0)
    closed = min((stream[-1][0] for stream in arrivals if stream), default=0.0)
    result.times = [delay for stream in arrivals for at, delay in stream if opened <= at <= closed]
    return result


async def carry_out(order: Order) -> Result:
    """Do as ordered; a failed connection is an error of the round."""
    try:
        return await (paced(order) if order.kind == "paced" else closed_loop(order))
    except (OSError, TimeoutError) as error:
        return Result(errors=[f"{type(error).__name__}: {error}"])


def main() -> None:
    """Carry out the order that is read."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(carry_out(order))
    sys.stdout.buffer.write(msgspec.json.encode(result))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
