"""An upstream on the Chat wire that sends as fast as it is read: thousands of events, made once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager

from tests.support import raw_http
from tests.support.threads import in_thread
from tests.support.wires.frames import encode

HEADERS = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
PIECE = 64 * 1024


def stream(events: int, *, delta: str) -> bytes:
    """A whole answer of so many deltas, head and chunks included."""
    frames = [_frame({"content": delta})] * events
    usage = {"prompt_tokens": 10, "completion_tokens": events, "total_tokens": 10 + events}
    end = [_frame({}, finish="stop"), _data({**_CHUNK, "choices": [], "usage": usage}), b"data: [DONE]\n\n"]
    body = b"".join(map(raw_http.chunk, (*frames, *end)))
    return raw_http.head(200, HEADERS) + body + raw_http.LAST_CHUNK


_CHUNK = {"id": "c1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}


def _frame(delta: dict[str, str], *, finish: str | None = None) -> bytes:
    return _data({**_CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _data(value: object) -> bytes:
    return b"data: " + encode(value) + b"\n\n"


class Firehose:
    """Serves one stream to whoever asks."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.port = 0
        self.left = 0
        """How many readers went away before the end."""

    @property
    def base_url(self) -> str:
        """Where it listens, without `/v1`."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(raw_http.HEAD_END):
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                await self._send(writer)
        except asyncio.IncompleteReadError:
            pass
        except ConnectionError:
            self.left += 1
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        view = memoryview(self._answer)
        for start in range(0, len(view), PIECE):
            writer.write(view[start : start + PIECE])
            await writer.drain()


def firehose_in_thread(events: int, *, delta: str = " word") -> AbstractContextManager[Firehose]:
    """A firehose with an event loop of its own."""

    @asynccontextmanager
    async def serving() -> AsyncIterator[Firehose]:
        hose = Firehose(stream(events, delta=delta))
        server = await asyncio.start_server(hose.serve, "127.0.0.1", 0, backlog=1024)
        hose.port = server.sockets[0].getsockname()[1]
        yield hose
        server.close()
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return in_thread(serving)
