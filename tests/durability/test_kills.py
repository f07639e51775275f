"""A service that is killed under load loses nothing it has told, and is soon itself again."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from tests.durability.kills import LEAST_TOLD, READY_SECONDS, TERMINAL_SECONDS, examine, run
from tests.durability.load import Memory

ROUNDS = 20


def test_a_killed_service_loses_and_doubles_nothing_it_has_told(tmp_path: Path) -> None:
    outcome = run(ROUNDS, tmp_path)
    assert outcome.broken == []
    assert min(outcome.ready) <= READY_SECONDS
    assert median(outcome.ready) <= 2 * READY_SECONDS  # which says as much about who else is at work here
    assert max(outcome.terminal) <= TERMINAL_SECONDS
    assert len(outcome.ready) == ROUNDS
    assert outcome.told >= LEAST_TOLD * ROUNDS
    assert outcome.stored > ROUNDS
    assert sum(outcome.left) > ROUNDS, "the kills hit nothing that was under way"
    never_settled = Memory(told={999_998})
    assert examine(tmp_path / "books.db", never_settled) == ["settlement of order 999998 lost"]
