"""The protocol's library is brought in once, and whole for everybody who waits for it."""

from __future__ import annotations

import subprocess
import sys

TWO_AT_ONCE = """
import asyncio
from service.tools.mcp.library import library

async def late():
    await asyncio.sleep(0.02)  # while the first is at it
    return (await library()).connect

async def main():
    await asyncio.gather(late(), *(library() for _ in range(3)))

asyncio.run(main())
"""


def test_connections_that_are_the_first_at_once_each_get_it_whole():
    done = subprocess.run([sys.executable, "-c", TWO_AT_ONCE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
