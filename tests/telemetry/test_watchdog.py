"""The watchdog tells what held the loop, and nothing of what was in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.telemetry.watchdog import loop_watched
from tests.support.house import eventually, service_in_thread

CANARY = "canary-19c4"


def hold_up(seconds: float, prompt: str) -> None:
    secret = prompt * 2
    time.sleep(seconds)
    del secret


async def watched(work: Callable[[], None]) -> list[Any]:
    """What the watchdog logs while the loop does this; waits for it to look once more afterwards."""
    with capture_logs() as lines, loop_watched(held=0.1):
        work()
        await asyncio.sleep(0.05)
    return lines


@pytest.mark.anyio
async def test_what_holds_the_loop_is_told_once_with_its_place_and_no_value():
    held = [line for line in await watched(lambda: hold_up(1.0, CANARY)) if "hold_up" in str(line)]
    (line,) = held
    assert line["event"] == "loop_held"
    assert line["at"][-1].startswith(__file__)
    assert line["at"][-1].endswith(" hold_up")
    assert line["ms"] >= 100
    assert CANARY not in str(line)


@pytest.mark.anyio
async def test_a_loop_that_turns_is_not_told_of():
    with capture_logs() as lines, loop_watched(held=10.0):
        await asyncio.sleep(0.1)
    assert lines == []


def test_a_service_watches_itself_where_it_is_configured(tmp_path):
    with capture_logs() as lines, service_in_thread("[telemetry]\nwatch_loop = true\n", tmp_path) as service:
        service.loop.call_soon_threadsafe(hold_up, 0.6, CANARY)
        eventually(lambda: any("hold_up" in str(line) for line in lines), seconds=10)
    assert "loop_held" in {line["event"] for line in lines}


def test_a_service_does_not_watch_itself_otherwise(tmp_path):
    with capture_logs() as lines, service_in_thread("", tmp_path) as service:
        service.do(held_up())
    assert "loop_held" not in {line["event"] for line in lines}


async def held_up() -> None:
    """Hold the loop, and let it turn."""
    hold_up(0.3, CANARY)
    await asyncio.sleep(0.05)
