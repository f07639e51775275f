"""The watchdog tells what held the loop, and nothing of what was in it."""

from __future__ import annotations

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from service.telemetry.watchdog import loop_watched
from tests.support.house import eventually, service_in_thread

CANARY = "canary-19c4"


def hold_up(times: int, prompt: str) -> None:
    """Hold the loop for so many tenths of a second, each a chance to look at it."""
    secret = prompt * 2
    for _ in range(times):
        time.sleep(0.1)
    del secret


@pytest.mark.anyio
async def test_what_holds_the_loop_is_told_once_with_its_place_and_no_value():
    with capture_logs() as lines, loop_watched(held=0.1):
        hold_up(10, CANARY)
        await asyncio.sleep(0.05)
    (line,) = (line for line in lines if "hold_up" in str(line))
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
        service.loop.call_soon_threadsafe(hold_up, 10, CANARY)
        eventually(lambda: "hold_up" in str(lines))
    assert "loop_held" in {line["event"] for line in lines}


def test_a_service_does_not_watch_itself_otherwise(tmp_path):
    with capture_logs() as lines, service_in_thread("", tmp_path) as service:
        service.do(held_up())
    assert "loop_held" not in {line["event"] for line in lines}


async def held_up() -> None:
    """Hold the loop, and let it turn."""
    hold_up(3, CANARY)
    await asyncio.sleep(0.05)
