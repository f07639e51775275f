"""The bench runs from end to end, and does not believe wrong answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench.load import Order, fault
from bench.mock import Canned
from bench.sockets import TEXT, frame, take_frame
from bench.wire import whole_body

ROOT = Path(__file__).resolve().parents[2]
CANNED = Canned(deltas=3, paced_deltas=3, pace=0.01)


def order(kind: str, *, deltas: int = 3) -> Order:
    fields = {"port": 1, "path": "/", "headers": {}, "body": {}, "connections": 1, "seconds": 1.0}
    fields |= {"kind": kind, "api": "chat", "deltas": deltas}
    return msgspec.convert(fields | {"body": msgspec.Raw(b"{}")}, Order)


@pytest.mark.parametrize(("kind", "answer"), [("json", CANNED.whole), ("stream", CANNED.burst)])
def test_a_right_answer_has_no_fault(kind: str, answer: bytes) -> None:
    body = whole_body(answer)
    assert body is not None
    assert fault(order(kind), 200, body) is None


@pytest.mark.parametrize(("kind", "answer"), [("json", CANNED.whole), ("stream", CANNED.burst)])
def test_a_status_or_a_missing_delta_is_a_fault(kind: str, answer: bytes) -> None:
    body = whole_body(answer)
    assert body is not None
    assert fault(order(kind), 503, body)
    assert fault(order(kind, deltas=4), 200, body)


def test_an_answer_is_whole_only_with_its_last_byte() -> None:
    for answer in (CANNED.whole, CANNED.burst):
        assert all(whole_body(answer[:length]) is None for length in range(len(answer)))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_taken_whole_whatever_its_size(size: int) -> None:
    masked = frame(b"x" * size)
    head = len(masked) - size - 4
    unmasked = bytearray([masked[0], masked[1] & 0x7F, *masked[2:head], *b"x" * size, *b"next"])
    assert all(take_frame(bytearray(unmasked[:length])) is None for length in range(0, head + size, 997))
    assert take_frame(unmasked) == (TEXT, b"x" * size)
    assert unmasked == b"next"


def test_a_turn_of_a_websocket_is_right_with_all_its_deltas_and_its_end() -> None:
    deltas = b"".join(b'{"type":"response.output_text.delta","delta":"w00%d "}\n' % at for at in range(3))
    ended = b'{"type":"response.completed","response":{}}\n'
    turn = msgspec.structs.replace(order("stream"), api="websocket")
    assert fault(turn, 200, deltas + ended) is None
    assert fault(turn, 200, deltas)
    assert fault(turn, 200, ended)


def test_it_measures_stored_turns_and_websockets() -> None:
    options = "--apis turns,websocket --kinds stream --rounds 1 --seconds 0.1 --connections 1 --streams 0"
    result = subprocess.run(
        [sys.executable, "-m", "bench", *options.split()], cwd=ROOT, capture_output=True, timeout=120
    )
    assert result.returncode == 0, result.stderr.decode()
    for row in (b"turns", b"websocket"):
        assert row in result.stdout


def test_it_runs_with_a_second_relay_in_the_service_s_place() -> None:
    options = (
        "--relay-only --rounds 1 --seconds 0.1 --kinds stream --connections 1 --streams 3 --paced-deltas 4"
    )
    result = subprocess.run(
        [sys.executable, "-m", "bench", *options.split()], cwd=ROOT, capture_output=True, timeout=60
    )
    assert result.returncode == 0, result.stderr.decode()
    assert b"memory per open stream" in result.stdout
