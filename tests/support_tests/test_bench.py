"""The bench runs from end to end, and does not believe wrong answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench.load import Order, fault
from bench.mock import Canned
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


def test_it_runs_with_a_second_relay_in_the_service_s_place() -> None:
    options = (
        "--relay-only --rounds 1 --seconds 0.1 --kinds stream --connections 1 --streams 3 --paced-deltas 4"
    )
    result = subprocess.run(
        [sys.executable, "-m", "bench", *options.split()], cwd=ROOT, capture_output=True, timeout=60
    )
    assert result.returncode == 0, result.stderr.decode()
    assert b"memory per open stream" in result.stdout
