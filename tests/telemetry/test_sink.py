"""Lines are written in order by another thread, and a reader that stops reading stops nobody."""

from __future__ import annotations

import os

from service.telemetry.sink import MOST_WAITING, Sink
from tests.support.house import eventually


def test_what_waits_is_written_in_order_when_it_closes(tmp_path):
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    sink = Sink(file)
    for number in range(1000):
        sink.write(b"%d\n" % number)
    sink.close()
    os.close(file)
    assert (tmp_path / "log").read_text().split() == [str(number) for number in range(1000)]


def test_it_is_written_soon_without_closing(tmp_path):
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    sink = Sink(file)
    sink.write(b"soon\n")
    eventually(lambda: (tmp_path / "log").read_text() == "soon\n")
    sink.close()
    os.close(file)


def test_a_reader_that_takes_nothing_holds_nobody_up_and_loses_lines():
    reading, writing = os.pipe()
    sink = Sink(writing)
    line = b"x" * 99 + b"\n"
    for _ in range(2 * MOST_WAITING + 2):
        sink.write(line)  # would wait for ever
    assert sink.dropped > 0
    os.close(reading)
    sink.close()
    os.close(writing)


def test_a_log_that_is_gone_counts_what_it_lost():
    reading, writing = os.pipe()
    os.close(reading)
    sink = Sink(writing)
    sink.write(b"lost\n")
    sink.close()
    os.close(writing)
    assert sink.dropped == 1
