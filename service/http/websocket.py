"""The Responses API over a WebSocket: one turn after the other, and the last one remembered.

Source: Open Responses 2026-04-24, "WebSocket transport".
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from msgspec import Struct
from uvicorn.protocols.utils import ClientDisconnected

from service.engine.run import Run, first_events
from service.engine.state import Remembered
from service.http.auth import admit
from service.http.begin import PreparedRun, admit_run, begin_run
from service.http.errors import log_crash
from service.http.finished import tell_finished
from service.http.house import House, house_of, key_of
from service.http.reading import read_body
from service.http.sockets import Socket
from service.http.spellings import responses_dialect
from service.http.stream import Pulse
from service.http.turns import Inbox, Turn, message_of, previous_of, read_turn
from service.ids import new_id
from service.store.ports import KeyRecord
from service.telemetry.logs import request_id
from specs.errors import (
    DragomanError,
    Failure,
    InvalidKey,
    InvalidRequest,
    PermissionDenied,
    PreviousResponseNotFound,
    RateLimited,
    ServerError,
)
from specs.events import Event, ItemEnded, RunEnded, RunStarted
from specs.items import Item
from specs.openai.websocket import error_frame
from specs.usage import Usage

POLICY_VIOLATION = 1008
SERVICE_RESTART = 1012
"""https://www.iana.org/assignments/websocket (2026-01), "Close Code Numbers"."""
FAREWELL_SECONDS = 5.0
"""How long a last frame may take to be taken."""
_KEPT = ("completed", "incomplete")

_encode = msgspec.json.Encoder().encode


@websocket("/responses", opt={"scope": "inference", "limit": "requests"})
async def converse(socket: WebSocket[Any, Any, Any]) -> None:
    """Answer one `response.create` after the other."""
    house, key = house_of(socket), key_of(socket)
    if house.sockets[key.id] >= house.settings.websocket.max_per_key:
        raise RateLimited("This key has as many WebSockets open as it may have.")
    house.sockets[key.id] += 1
    try:
        await socket.accept()
        await Session(socket, house).serve()
    finally:
        house.sockets[key.id] -= 1
        if not house.sockets[key.id]:
            del house.sockets[key.id]


class Session:
    """One connection: a reader that never waits for the turns, and the turns in order."""

    def __init__(self, socket: WebSocket[Any, Any, Any], house: House) -> None:
        self._socket = socket
        self._house = house
        self._settings = house.settings.websocket
        self._connection: Socket = socket.scope["state"]["connection"]
        self._dialect = responses_dialect(socket)
        self._memory = Memory(most_bytes=house.settings.server.max_body_bytes)
        self._inbox = Inbox(most=self._settings.max_queued, most_bytes=self._settings.max_message_bytes)

    async def serve(self) -> None:
        """Serve until the client goes, its time is up, or the server stops."""
        self._connection.on_shutdown = self._inbox.close
        turns = asyncio.create_task(self._take_turns(), name="websocket-turns")
        turns.add_done_callback(self._drop_crashed)
        expired = False
        try:
            async with asyncio.timeout(self._settings.max_seconds):
                await self._read()
        except TimeoutError:
            expired = True
        finally:
            turns.cancel()
            await asyncio.gather(turns, return_exceptions=True)
        if expired:
            await self._say_expired()

    async def _read(self) -> None:
        """Take in what the client sends; reading on is how its end is noticed."""
        while (received := await self._socket.receive())["type"] != "websocket.disconnect":
            self._inbox.put(message_of(received))
            if self._inbox.overrun:
                self._connection.abort()

    def _drop_crashed(self, turns: asyncio.Task[None]) -> None:
        """Without turns there is nothing to read for."""
        if not turns.cancelled() and turns.exception() is not None:
            self._connection.abort()

    async def _say_expired(self) -> None:
        limit = InvalidRequest(
            f"A connection may last {self._settings.max_seconds:g} seconds; open another.",
            code="websocket_connection_limit_reached",
        )
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._send_error(limit.failure)
                await self._socket.close()
        except TimeoutError:
            self._connection.abort()

    async def _take_turns(self) -> None:
        while (message := await self._inbox.next()) is not None:
            if not await self._take_turn(message):
                await self._socket.close(POLICY_VIOLATION)
                return
        await self._socket.close(SERVICE_RESTART)

    async def _take_turn(self, message: bytes | DragomanError) -> bool:
        """Serve one message, and tell of it once it is over. Whether others may follow."""
        began = time.perf_counter()
        id = new_id("req")
        request_id.set(id)
        scope = {
            "method": "WS",
            "path_template": self._socket.scope.get("path_template"),
            "state": {"key": key_of(self._socket)},
        }
        status = 0
        try:
            failure = await self._answer(message, scope["state"])
            if failure is not None:
                await self._send_error(failure)
            status = 200 if failure is None else failure.status
            return failure is None or failure.status not in (InvalidKey.status, PermissionDenied.status)
        finally:
            tell_finished(self._house.metrics, scope, request_id=id, status=status, began=began)

    async def _answer(self, message: bytes | DragomanError, told: dict[str, Any]) -> Failure | None:
        """Answer one message; the failure where it came to no response."""
        known = False
        try:
            await admit(self._socket, self._socket.route_handler)
            if isinstance(message, DragomanError):
                raise message
            with self._socket.scope["state"]["place"]():
                turn = await read_body(message, partial(read_turn, dialect=self._dialect))
                known = await self._respond(turn, told, size=len(message))
        except PreviousResponseNotFound as error:
            return msgspec.structs.replace(error.failure, status=InvalidRequest.status)
        except DragomanError as error:
            return error.failure
        except ClientDisconnected:
            raise
        except Exception as error:  # the edge of a turn: those after it can still be served
            log_crash(self._socket, error)
            return ServerError().failure
        finally:
            if not known and isinstance(message, bytes):
                self._memory.forget(previous_of(message))
        return None

    async def _respond(self, turn: Turn, told: dict[str, Any], *, size: int) -> bool:
        """Run a turn's agent. Whether there is something to go on from."""
        key = key_of(self._socket)
        if not turn.generates:
            return await self._warm_up(turn, key, size=size)
        reading, run = await begin_run(
            self._house, key, turn.reading, self._dialect, remembered=self._memory.known
        )
        told["run"] = run
        follower = Follower(self, run, self._dialect.renderer(reading, new_id))
        output = await follower.follow()
        if output is None:
            return False
        items = (*reading.request.items, *output)
        self._memory.remember(
            follower.response,
            Remembered(reading.request.agent, items),
            after=turn.reading.state.previous,
            size=size + follower.sent_bytes,
        )
        return True

    async def _warm_up(self, turn: Turn, key: KeyRecord, *, size: int) -> bool:
        """Answer with nothing, and remember the input."""
        house, known = self._house, self._memory.known
        async with PreparedRun(house, key, turn.reading, remembered=known) as (reading, prepared):
            run = admit_run(house, key, reading, self._dialect, prepared)
            house.state.release(prepared)
        renderer = self._dialect.renderer(reading, new_id)
        ended = RunEnded("completed", Usage(), completed_at=int(time.time()))
        await self.send(renderer.feed([*first_events(run), RunStarted(run.id), ended]))
        self._memory.remember(
            renderer.whole().id,
            Remembered(reading.request.agent, reading.request.items),
            after=turn.reading.state.previous,
            size=size,
        )
        return True

    async def send(self, events: list[Struct]) -> int:
        """Send wire events, one frame each; how many bytes that were."""
        sent = 0
        for event in events:
            frame = _encode(event)
            sent += len(frame)
            await self._socket.send({"type": "websocket.send", "text": frame.decode(), "bytes": None})
        return sent

    async def _send_error(self, failure: Failure) -> None:
        body = self._dialect.error(failure).error
        frame = error_frame(msgspec.structs.replace(failure, type=body.type))
        with contextlib.suppress(ClientDisconnected):
            await self.send([frame])

    def pulse(self, run: Run) -> Pulse:
        """What cuts the client if it takes nothing of a run."""
        return Pulse(run.events, self._connection, self._house.settings.engine)


class Follower:
    """Sends one run to its end; whatever becomes of it, the run saves and settles by itself."""

    def __init__(self, session: Session, run: Run, renderer: Any) -> None:
        self._session = session
        self._run = run
        self._renderer = renderer
        self._items: dict[int, Item] = {}
        self.sent_bytes = 0

    @property
    def response(self) -> str:
        """The id of the response, once it has ended."""
        return self._renderer.whole().id

    async def follow(self) -> tuple[Item, ...] | None:
        """Send it all. Its output, or None where it failed."""
        pulse = self._session.pulse(self._run)
        ended: RunEnded | None = None
        try:
            while not self._run.events.finished:
                batch = await self._run.events.next()
                ended = self._note(batch) or ended
                pulse.sending()
                self.sent_bytes += await self._session.send(self._renderer.feed(batch))
                pulse.sent()
        finally:
            pulse.stop()
            self._run.leave()
        if ended is None or ended.status not in _KEPT:
            return None
        return tuple(self._items[index] for index in sorted(self._items))

    def _note(self, batch: list[Event]) -> RunEnded | None:
        for event in batch:
            if type(event) is ItemEnded:
                self._items[event.index] = event.item
            elif type(event) is RunEnded:
                return event
        return None


class Memory:
    """What a connection remembers: its most recent response, stored or not."""

    def __init__(self, *, most_bytes: int) -> None:
        self.known: dict[str, Remembered] = {}
        self._most_bytes = most_bytes
        self._bytes = 0

    def remember(self, response: str, turn: Remembered, *, after: str | None, size: int) -> None:
        """Keep this response instead of the one before. What no single request could carry is not kept."""
        self._bytes = size + (self._bytes if after in self.known else 0)
        self.known = {response: turn} if self._bytes <= self._most_bytes else {}

    def forget(self, response: str | None) -> None:
        """Drop a response that could not be gone on from."""
        self.known.pop(response or "", None)
