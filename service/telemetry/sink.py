"""Where log lines go: a thread writes them, so that a log nobody reads holds nobody up."""

from __future__ import annotations

import atexit
import os
import time
from queue import SimpleQueue
from threading import Thread

LINGER = 0.05
"""Seconds that lines wait for others to be written with; a killed process loses that much of its log."""
MOST_WAITING = 20_000
"""Lines that may wait for a slow reader of the log; more are dropped, and counted."""
CLOSE_SECONDS = 2.0
"""How long the end of the process waits for such a reader."""


class Sink:
    """Writes lines to a file descriptor, in their order. Any thread may use it."""

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        """Lines that were not written because too many waited, or because the write failed."""
        self._descriptor = descriptor
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="log-writer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, line: bytes) -> None:
        """Take a line, which ends with its newline; returns at once."""
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(line)
        else:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits."""
        atexit.unregister(self.close)
        self._waiting.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _work(self) -> None:
        going_on = True
        while going_on:
            lines = [self._waiting.get()]
            time.sleep(LINGER)
            lines += [self._waiting.get() for _ in range(self._waiting.qsize())]
            going_on = None not in lines
            self._put_out([line for line in lines if line is not None])

    def _put_out(self, lines: list[bytes]) -> None:
        rest = memoryview(b"".join(lines))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self.dropped += len(lines)
