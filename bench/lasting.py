"""What long use does: to a stored conversation's next turn, and to the memory of the process."""

from __future__ import annotations

from msgspec import Struct

from bench.load import Order
from bench.measures import Sample, carry_out, measure
from bench.processes import rss_kb
from bench.subjects import Subject

CONVERSATIONS = 4
"""That grow side by side."""
EARLY = 100
"""The turn that later ones are compared with."""
WIDTH = 40
"""Turns of each conversation that are measured around it."""
WARM = 2_000
"""Requests before memory counts, where it is to grow over more."""
CONNECTIONS = 32


class Turn(Struct):
    """What one turn of a stored conversation takes."""

    number: int
    stored: Sample
    relayed: Sample
    """The same context, passed on by the relay: the least that giving it to the provider takes."""

    @property
    def beyond(self) -> float:
        """CPU milliseconds beyond what the relay takes."""
        return self.stored.cpu_per_answer - self.relayed.cpu_per_answer


def turns(
    subject: Subject, relay: Subject, *, last: int, deltas: int, early: int = EARLY, width: int = WIDTH
) -> tuple[Turn, Turn]:
    """An early turn and the last, each with all the turns before it as its context."""
    stored = [subject.post("/v1/conversations", {})["id"] for _ in range(CONVERSATIONS)]
    found, taken = [], 0
    for number in (early, last):
        turn = Turn(number, Sample(), Sample())
        before = max(0, number - width // 2 - taken)
        turn.stored.errors += carry_out(_turns(subject, stored, before, deltas=deltas)).errors
        measure(subject, _turns(subject, stored, width, deltas=deltas), turn.stored)
        measure(relay, _relayed(relay, number, requests=5 * width, deltas=deltas), turn.relayed)
        found.append(turn)
        taken += before + width
    return found[0], found[1]


def _turns(subject: Subject, stored: list[str], number: int, *, deltas: int) -> Order:
    return subject.order(
        api="conversation",
        kind="json",
        connections=CONVERSATIONS,
        seconds=600,
        deltas=deltas,
        goes_on_from=stored,
        most=number * CONVERSATIONS,
    )


def _relayed(relay: Subject, number: int, *, requests: int, deltas: int) -> Order:
    return relay.order(
        api="chat",
        kind="json",
        connections=CONVERSATIONS,
        seconds=600,
        deltas=deltas,
        load=f"after-{number}",
        most=requests * CONVERSATIONS,
    )


class Growth(Struct):
    """What the memory of a process tree grew by over so many requests."""

    requests: int
    megabytes: float
    errors: list[str]


def growth(subject: Subject, *, requests: int, deltas: int) -> Growth:
    """Ask for whole answers, again and again."""
    errors = _ask(subject, min(requests, WARM), deltas=deltas)
    before = rss_kb(subject.pid)
    errors += _ask(subject, requests, deltas=deltas)
    return Growth(requests, (rss_kb(subject.pid) - before) / 1000, errors)


def _ask(subject: Subject, requests: int, *, deltas: int) -> list[str]:
    order = subject.order(
        api="chat", kind="json", connections=CONNECTIONS, seconds=3600, deltas=deltas, most=requests
    )
    return carry_out(order).errors
