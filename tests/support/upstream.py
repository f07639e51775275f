"""A scripted upstream: an HTTP server that plays a model's provider and can misbehave at any byte.

In a test: `async with Upstream() as upstream`, tell it what to answer with `enqueue` or `answer_with`,
look at `exchanges` afterwards. From synchronous tests: `upstream_in_thread()`. By hand:
`python -m tests.support.upstream --port 22100`, behaviour by model name (see `by_model`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tests.support import raw_http
from tests.support.answers import Answer, answer_of
from tests.support.by_model import NAMED, error_script, script_for
from tests.support.exchange import Exchange, exchange_of, summary
from tests.support.patience import PATIENCE
from tests.support.plan import Break, Pause, Send, Stall, plan
from tests.support.raw_http import Connection, Gone, NotHttp, Request
from tests.support.script import Script
from tests.support.threads import in_thread
from tests.support.wires import chat, messages, responses
from tests.support.wires.frames import Frame, encode

WIRES = {"/chat/completions": chat, "/responses": responses, "/messages": messages}
COUNTERS = ("/responses/input_tokens", "/messages/count_tokens")
Rule = Callable[[Exchange], Script | None]
"""From a request to what is done with it."""


class Upstream:
    """The server. Queued scripts go first, then the rule, then what the model's name stands for."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.scripts: deque[Script] = deque()
        self.rule: Rule | None = None
        self.resets_left = 0
        """So many of the next connections are reset as they are made."""
        self.count: int | None = None
        """What its counters of input answer; None: it has none."""
        self.counted: list[dict[str, Any]] = []
        """The bodies they were asked with."""
        self.port = 0
        self._connections: set[Connection] = set()
        self._released = asyncio.Event()

    async def __aenter__(self) -> Upstream:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """Where it listens, without `/v1`."""
        return f"http://127.0.0.1:{self.port}"

    def enqueue(self, *scripts: Script) -> None:
        """Answer the next requests with these, in order of arrival."""
        self.scripts.extend(scripts)

    def answer_with(self, rule: Rule) -> None:
        """Ask `rule` for the script of each request; None leaves it to the model's name."""
        self.rule = rule

    def let(self, event: asyncio.Event) -> None:
        """Set an event that a script waits for. From any thread."""
        self._loop.call_soon_threadsafe(event.set)

    def release(self) -> None:
        """Let every stalled answer go on, now and later. From any thread."""
        self._loop.call_soon_threadsafe(self._released.set)

    async def start(self, *, port: int = 0) -> None:
        """Listen on the loopback; port 0 is any free one."""
        self._loop = asyncio.get_running_loop()
        self._server = await self._loop.create_server(
            lambda: Connection(self._serve), "127.0.0.1", port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections from now on and drop those there are."""
        self._server.close()
        tasks = [connection.task for connection in self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _serve(self, connection: Connection) -> None:
        self._connections.add(connection)
        try:
            if self.resets_left > 0:
                self.resets_left -= 1
                connection.reset()
            while (request := await connection.read_request()) is not None:
                await self._answer(connection, request)
        except (Gone, NotHttp):
            pass
        finally:
            connection.close()
            self._connections.discard(connection)

    async def _answer(self, connection: Connection, request: Request) -> None:
        path = request.path.partition("?")[0]
        wire = next((wire for end, wire in WIRES.items() if path.endswith(end)), None)
        if self.count is not None and path.endswith(COUNTERS):
            self.counted.append(json.loads(request.body))
            await _send_whole(connection, 200, encode({"input_tokens": self.count}))
            return
        if wire is None or request.method != "POST":
            await _send_whole(connection, *self._plain(path))
            return
        exchange = exchange_of(request, number=len(self.exchanges) + 1)
        self.exchanges.append(exchange)
        exchange.script = script = self._script(exchange)
        answer = answer_of(script, exchange.body, number=exchange.number)
        try:
            await self._perform(connection, exchange, _frames(wire, exchange, answer))
            exchange.whole = True
        except Gone:
            exchange.disconnected_at = connection.gone_at
            raise
        finally:
            exchange.ended_at = time.monotonic()

    def _plain(self, path: str) -> tuple[int, bytes]:
        if path.endswith("/models"):
            models = [{"id": name, "object": "model", "created": 0, "owned_by": "script"} for name in NAMED]
            return 200, encode({"object": "list", "data": models})
        if path == "/_exchanges":
            return 200, encode([summary(exchange) for exchange in self.exchanges])
        return 404, encode({"error": {"message": f"no {path} here", "type": "not_found_error"}})

    def _script(self, exchange: Exchange) -> Script:
        if not exchange.body:
            return error_script(400)
        if self.scripts:
            return self.scripts.popleft()
        ruled = self.rule(exchange) if self.rule else None
        return ruled or script_for(exchange.body)

    async def _perform(self, connection: Connection, exchange: Exchange, frames: list[Frame]) -> None:
        script = exchange.script
        if script.header_delay:
            await self._wait(connection, script.header_delay)
        if script.reset:
            connection.reset()
            return
        await connection.send(raw_http.head(script.status, _headers(exchange)))
        for act in plan(script, frames):
            match act:
                case Send():
                    await connection.send(raw_http.chunk(act.data))
                    exchange.count(act)
                case Pause(seconds):
                    await connection.pause(seconds)
                case Stall():
                    await self._wait(connection, script.stall)
                case Break("reset"):
                    connection.reset()
                    return
                case Break("close"):
                    connection.close()
                    return
                case Break("end"):
                    break
        await connection.send(raw_http.LAST_CHUNK)

    async def _wait(self, connection: Connection, until: asyncio.Event | float) -> None:
        if isinstance(until, asyncio.Event):
            await connection.pause(float("inf"), self._released, until)
        else:
            await connection.pause(until, self._released)


def _frames(wire: Any, exchange: Exchange, answer: Answer) -> list[Frame]:
    script = exchange.script
    if script.status >= 400:
        body = script.error if isinstance(script.error, bytes) else wire.error_body(answer.error)
        return [Frame(body)]
    if not exchange.streamed:
        return _edited(script, [wire.whole(answer)])
    frames = _edited(script, wire.stream(answer, exchange.body))
    if script.fail_after_events is None:
        return frames
    return [*frames[: script.fail_after_events], wire.failure(answer.error)]


def _edited(script: Script, frames: list[Frame]) -> list[Frame]:
    return script.edit(frames) if script.edit else frames


def _headers(exchange: Exchange) -> dict[str, str]:
    script = exchange.script
    kind = "text/event-stream; charset=utf-8" if exchange.streamed else "application/json"
    return {
        "content-type": script.content_type or kind,
        "x-request-id": f"req_up{exchange.number:06d}",
        **script.headers,
        "transfer-encoding": "chunked",
    }


async def _send_whole(connection: Connection, status: int, body: bytes) -> None:
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    await connection.send(raw_http.head(status, headers) + body)


async def until(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for a condition; TimeoutError when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition may be set by another thread
            await asyncio.sleep(0.005)


def upstream_in_thread() -> AbstractContextManager[Upstream]:
    """An upstream with an event loop of its own, for tests that block theirs."""
    return in_thread(Upstream)


async def serve_forever(*, port: int) -> None:
    """Run by hand until interrupted."""
    upstream = Upstream()
    await upstream.start(port=port)
    print(f"scripted upstream on {upstream.base_url}/v1", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=22100)
    asyncio.run(serve_forever(port=parser.parse_args().port))
