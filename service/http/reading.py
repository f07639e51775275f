"""Small bodies are read on the event loop, large ones beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from service.dialects.base import NewId
from service.ids import new_id

LARGE_BODY = 512 * 1024
"""Bytes; reading as many takes a few milliseconds."""

_reader = ThreadPoolExecutor(1, thread_name_prefix="body-reader")
"""One body at a time: whoever decodes keeps the interpreter's lock for each piece, and several threads
would take their turns before the loop got its own."""

T = TypeVar("T")


async def read_body(body: bytes, read: Callable[[bytes, NewId], T]) -> T:
    """What `read` makes of a body, and mints ids for; raises what it raises."""
    if len(body) < LARGE_BODY:
        return read(body, new_id)
    return await asyncio.get_running_loop().run_in_executor(_reader, read, body, new_id)
