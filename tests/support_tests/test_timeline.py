"""The stages of a request are found, in their order."""

from __future__ import annotations

import pytest

from bench import subjects
from bench.marked import BEGINNING, STAGES
from bench.timeline import Moment, marked, moments, table


def test_a_stage_counts_from_the_request_s_arrival_and_where_it_was_first_passed():
    marks = [("run begun", 0.5)]  # of a request that had arrived before
    marks += [(BEGINNING, 1.0), ("answer arrives", 1.25), ("answer arrives", 1.5), ("run begun", 1.125)]
    found = moments(marks, skip=0)
    assert found == [
        Moment(BEGINNING, 0.0, 0.0),
        Moment("run begun", 125_000.0, 125_000.0),
        Moment("answer arrives", 250_000.0, 250_000.0),
    ]
    assert [row[1:3] for row in table(found)[1:]] == [
        ["0", "+0"],
        ["125000", "+125000"],
        ["250000", "+125000"],
    ]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_every_stage_of_a_request_is_passed(api: str):
    with subjects.mock(deltas=100, paced_deltas=1) as upstream:
        found = marked(upstream, api, requests=5)
    wanted = {name for _, _, before, after in STAGES for name in (before, after) if name}
    assert {moment.stage for moment in found} == wanted
