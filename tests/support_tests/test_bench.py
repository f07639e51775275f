"""The bench runs from end to end, and does not believe wrong answers."""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench import goals, subjects
from bench.__main__ import is_there, options_of
from bench.books import Tally, tallies
from bench.goals import Check, Goal
from bench.lasting import Growth, Turn, turns
from bench.load import Order, fault
from bench.loads import APIS, HEAVY, body_of
from bench.measures import Case, Memory, Round, Sample, middle, raw
from bench.mock import Canned
from bench.peers import LITELLM
from bench.plan import Found
from bench.report import CPU
from bench.shares import profiled
from bench.sockets import TEXT, frame, take_frame
from bench.subjects import Subject
from bench.wire import whole_body

ROOT = Path(__file__).resolve().parents[2]
CANNED = Canned(deltas=3, paced_deltas=3, pace=0.01)


def order(kind: str, *, deltas: int = 3) -> Order:
    return Order(
        port=1,
        path="/",
        headers={},
        bodies=[msgspec.Raw(b"{}")],
        connections=1,
        seconds=1.0,
        kind=kind,
        api="chat",
        deltas=deltas,
    )


def bench(options: str) -> str:
    """What it prints, once it has succeeded."""
    quick = "--rounds 1 --seconds 0.1 --connections 1"
    command = [sys.executable, "-m", "bench", *quick.split(), *options.split()]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=240)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


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


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("load", ["short", *HEAVY, "after-3"])
def test_every_load_is_a_request_of_every_api(api, load):
    body = body_of(api, model="bench", stream=False, load=load, previous="before")
    said = body["messages"] if api == "chat" else body["input"]
    assert said[-1]["role"] == "user"
    assert len(said) == {"history": 200, "after-3": 7}.get(load, 1)
    assert len(body.get("tools", ())) == (25 if load == "tools" else 0)


def test_a_number_is_judged_by_both_goals():
    goal = Goal(ambitious=1.0, first=2.0, unit="ms")
    verdicts = [Check("x", value, goal).verdict for value in (1.0, 2.0, 2.1)]
    assert verdicts == ["ambitious", "met", "MISSED"]
    assert Check("x", 9.0, Goal(ambitious=1.0, first=None, unit="ms")).met


def test_a_round_counts_however_few_its_answers():
    ours = [Round(answers=number, cpu_ms=10.0, times=[1 / number]) for number in (10, 5, 1)]
    theirs = Sample([Round(answers=10, cpu_ms=5.0, times=[0.1])] * 3)
    assert Sample(ours).cpu_per_answer == 2
    assert Sample(ours).ratios(theirs) == [2, 4, 20]
    assert Sample(ours).added_ms(theirs, 0.5) == pytest.approx(100)


def test_where_a_round_has_no_number_neither_has_the_case():
    sample = Sample([Round(answers=1, cpu_ms=1.0, times=[]), Round(answers=1, cpu_ms=1.0, times=[1.0])])
    assert math.isnan(sample.quantile_ms(0.5))
    assert math.isnan(middle([]))


def test_every_goal_stands_in_the_table_of_checks():
    sample, less = (Sample([Round(answers=10, cpu_ms=cpu_ms, times=[0.1])]) for cpu_ms in (10.0, 5.0))
    memory = Memory(at_start=1, before_streams=1, most_with_streams=2, streams=5)
    cases = [Case("chat", kind, 1) for kind in CPU] + [Case("chat", "json", 1, "history")]
    names = ("service", "relay", "direct")
    samples = {(raw(case), name): sample for case in cases for name in names}
    samples |= {(case, "service"): sample for case in cases}
    found = Found(
        samples=samples,
        paced={(number, name): (sample, memory) for number in (5, 10) for name in names},
        turns=(Turn(100, sample, less), Turn(1000, sample, less)),
        growth=Growth(10, 0.0, []),
        books=[Tally(database="x", in_flight=32, runs=1, seconds=1, cpu_ms=1, writer_ms=1, server_ms=0)],
    )
    checked = [check.goal for check in found.checks(Subject("service", 1, 1))]
    assert all(goal in checked for goal in vars(goals).values() if isinstance(goal, Goal))


def test_a_peer_that_is_not_installed_is_told_of(tmp_path, capsys):
    options = options_of(["--peers", str(tmp_path)])
    assert not is_there(options, LITELLM.file)
    assert str(LITELLM.file) in capsys.readouterr().err


def test_it_measures_the_accounting_by_itself(tmp_path):
    options = argparse.Namespace(databases="sqlite", in_flight="1,4", seconds=0.1)
    one, four = tallies(options, tmp_path)
    assert (one.in_flight, four.in_flight) == (1, 4)
    assert one.runs > 0
    assert 0 < four.writer_ms <= four.cpu_ms


def test_it_shows_where_the_time_of_a_request_goes():
    with subjects.mock(deltas=100, paced_deltas=1) as upstream:
        found = profiled(upstream, "chat", "json", connections=2, requests=20)
    assert sum(map(found.share, found.rooms)) == pytest.approx(1)
    assert found.share("providers") > 0
    assert found.calls > 100


def test_it_measures_stored_turns_websockets_heavy_requests_and_growth():
    options = "--apis responses,turns,websocket --kinds stream --streams 0 --turns 0 --no-books"
    printed = bench(f"{options} --heavy history --growth 50")
    for word in ("turns", "websocket", "history", "growth over 50"):
        assert word in printed


def test_turns_of_a_stored_conversation_are_measured_early_and_late(tmp_path):
    with (
        subjects.mock(deltas=100, paced_deltas=1) as upstream,
        subjects.relay(upstream) as relay,
        subjects.service(upstream, folder=tmp_path) as service,
    ):
        early, late = turns(service, relay, early=6, last=8, width=5, deltas=100)
    assert (early.number, late.number) == (6, 8)
    for turn in (early, late):
        assert turn.stored.errors == turn.relayed.errors == []
        assert turn.stored.answers >= 20


def test_it_runs_with_a_second_relay_in_the_service_s_place():
    printed = bench("--relay-only --kinds stream --heavy= --streams 3 --paced-deltas 4")
    assert "memory per open stream" in printed
