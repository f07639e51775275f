"""What holds the event loop up: a thread asks the loop to turn, and looks at it when it does not.

For finding out; it wakes the loop two hundred times a second. The log gets where the loop stood, as files,
lines and names of functions: no values.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_stack
from types import FrameType

import structlog

HELD_SECONDS = 0.05
"""Longer than this nothing may keep the loop from turning."""
PAUSE_SECONDS = 0.005
"""Between two looks."""
MOST_SECONDS = 5.0
"""A loop that has not turned by then is told of before it has."""
MOST_FRAMES = 40
"""Of where the loop stood, the innermost."""

log = structlog.get_logger()


@contextmanager
def loop_watched(*, held: float = HELD_SECONDS) -> Iterator[None]:
    """Log what keeps the running loop from turning for so long, until the block ends."""
    over = threading.Event()
    watching = (asyncio.get_running_loop(), threading.get_ident(), held, over)
    thread = threading.Thread(target=_watch, args=watching, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(loop: asyncio.AbstractEventLoop, thread: int, held: float, over: threading.Event) -> None:
    while not over.wait(PAUSE_SECONDS):
        turned = threading.Event()
        asked = time.perf_counter()
        loop.call_soon_threadsafe(turned.set)
        if turned.wait(held) or over.is_set():
            continue
        stack = _places(sys._current_frames().get(thread))
        turned.wait(MOST_SECONDS)
        log.warning("loop_held", ms=round((time.perf_counter() - asked) * 1000), at=stack)


def _places(frame: FrameType | None) -> tuple[str, ...]:
    """`file:line function` of a frame and those that called it, the innermost last."""
    frames = [(found, line) for found, line in walk_stack(frame)] if frame is not None else []
    return tuple(
        f"{found.f_code.co_filename}:{line} {found.f_code.co_qualname}"
        for found, line in reversed(frames[:MOST_FRAMES])
    )
