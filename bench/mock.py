"""A fast upstream on the Chat wire: canned answers, and paced streams that carry their send times.

`python -m bench.mock --port N --deltas 100 --paced-deltas 80 --pace 0.05`. A request whose model ends
in `paced` gets the paced stream, another one with `stream` the burst, the rest a JSON body.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import uvloop

from bench.wire import chunk, head, whole_body

LAST_CHUNK = b"0\r\n\r\n"
CREATED = 1_700_000_000
GATHERING = 1.5
"""Seconds."""
EVENTS = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}


class Asked(msgspec.Struct):
    """What of a request decides the answer."""

    model: str = ""
    stream: bool = False


class Canned:
    """The answers, made once."""

    def __init__(self, *, deltas: int, paced_deltas: int, pace: float) -> None:
        self.paced_deltas = paced_deltas
        self.pace = pace
        self.whole = whole_answer(deltas)
        pieces = [frame({"content": word(number)}) for number in range(deltas)]
        frames = [frame({"role": "assistant", "content": ""}), *pieces, *ending(deltas)]
        self.burst = head(200, EVENTS) + b"".join(map(chunk, frames)) + LAST_CHUNK
        self.paced_head = head(200, EVENTS) + chunk(frame({"role": "assistant", "content": ""}))
        self.paced_end = b"".join(map(chunk, ending(paced_deltas))) + LAST_CHUNK


class Gathering:
    """Paced streams begin together, once no other has been asked for during `GATHERING` seconds: however
    slow a server is at opening them, all are open at once. Their deltas are spread over the pace."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._waiting: list[Callable[[float], None]] = []
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, begin: Callable[[float], None]) -> None:
        """Call `begin` with the time at which its first delta is due."""
        self._waiting.append(begin)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(GATHERING, self._begin)

    def _begin(self) -> None:
        now, apart = asyncio.get_running_loop().time(), self._pace / len(self._waiting)
        for number, begin in enumerate(self._waiting):
            begin(now + number * apart)
        self._waiting.clear()


class Connection(asyncio.Protocol):
    """One client, one request at a time."""

    def __init__(self, canned: Canned, gathering: Gathering) -> None:
        self._canned = canned
        self._gathering = gathering
        self._buffer = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        body = whole_body(self._buffer)
        if body is not None:
            self._buffer.clear()
            self._answer(msgspec.json.decode(body, type=Asked))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _answer(self, asked: Asked) -> None:
        if not asked.stream:
            self._transport.write(self._canned.whole)
        elif asked.model.endswith("paced"):
            self._transport.write(self._canned.paced_head)
            self._gathering.wait(self._begin)
        else:
            self._transport.write(self._canned.burst)

    def _begin(self, due: float) -> None:
        """Let the paced deltas come from then on."""
        if not self._transport.is_closing():
            deltas = self._canned.paced_deltas
            self._timer = asyncio.get_running_loop().call_at(due, self._next, deltas, due)

    def _next(self, left: int, due: float) -> None:
        """Send one paced delta, its text the time it left, and see to the one after it."""
        if not left:
            self._transport.write(self._canned.paced_end)
            return
        self._transport.write(chunk(frame({"content": f"w{time.monotonic_ns()} "})))
        due += self._canned.pace
        self._timer = asyncio.get_running_loop().call_at(due, self._next, left - 1, due)


def word(number: int) -> str:
    """The text of one delta."""
    return f"w{number:03d} "


def usage(output: int) -> dict[str, int]:
    """What every answer claims to have used."""
    return {"prompt_tokens": 12, "completion_tokens": output, "total_tokens": 12 + output}


def frame(delta: dict[str, Any], *, finish: str | None = None) -> bytes:
    """One chunk of a stream, as an SSE event."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"choices": [choice]})


def event(fields: dict[str, Any]) -> bytes:
    """An SSE event of the stream."""
    common = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": CREATED, "model": "bench"}
    return b"data: " + msgspec.json.encode({**common, **fields}) + b"\n\n"


def ending(output: int) -> list[bytes]:
    """Finish, usage, and the stream's own end."""
    return [frame({}, finish="stop"), event({"choices": [], "usage": usage(output)}), b"data: [DONE]\n\n"]


def whole_answer(deltas: int) -> bytes:
    """The JSON answer with its head."""
    message = {"role": "assistant", "content": "".join(map(word, range(deltas)))}
    body = msgspec.json.encode(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": CREATED,
            "model": "bench",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage(deltas),
        }
    )
    return head(200, {"content-type": "application/json", "content-length": str(len(body))}) + body


async def serve(canned: Canned, *, port: int) -> None:
    """Answer until the process is ended."""
    loop = asyncio.get_running_loop()
    gathering = Gathering(canned.pace)
    server = await loop.create_server(lambda: Connection(canned, gathering), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--deltas", type=int, default=100)
    parser.add_argument("--paced-deltas", type=int, default=80)
    parser.add_argument("--pace", type=float, default=0.05)
    options = parser.parse_args()
    canned = Canned(deltas=options.deltas, paced_deltas=options.paced_deltas, pace=options.pace)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(canned, port=options.port))


if __name__ == "__main__":
    main()
