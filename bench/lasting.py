"""What long use does: to a stored conversation's next turn, and to the memory of the process."""

from __future__ import annotations

from msgspec import Struct

from bench.load import Order
from bench.measures import Sample, carry_out, measure, middle
from bench.processes import rss_kb
from bench.subjects import Subject

CONVERSATIONS = 4
"""That grow side by side."""
EARLY = 100
"""The turn that later ones are compared with."""
WIDTH = 40
"""Turns of each conversation that are measured around it."""
ROUNDS = 5
"""In which they are measured."""
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
        pairs = zip(self.stored.rounds, self.relayed.rounds, strict=True)
        return middle([ours.cpu_per_answer - theirs.cpu_per_answer for ours, theirs in pairs])


def turns(
    subject: Subject, relay: Subject, *, last: int, deltas: int, early: int = EARLY, width: int = WIDTH
) -> tuple[Turn, Turn]:
    """An early turn and the last, each with all the turns before it as its context, in alternate rounds."""
    grown = [_grown(subject, max(0, number - width // 2), deltas=deltas) for number in (early, last)]
    found = Turn(early, Sample(), Sample()), Turn(last, Sample(), Sample())
    for _ in range(ROUNDS):
        for turn, stored in zip(found, grown, strict=True):
            measure(subject, _turns(subject, stored, width // ROUNDS, deltas=deltas), turn.stored)
            requests = 5 * width // ROUNDS
            measure(relay, _relayed(relay, turn.number, requests=requests, deltas=deltas), turn.relayed)
    return found


def _grown(subject: Subject, number: int, *, deltas: int) -> list[str]:
    """Conversations that have so many turns."""
    stored = [subject.post("/v1/conversations", {})["id"] for _ in range(CONVERSATIONS)]
    grown = carry_out(_turns(subject, stored, number, deltas=deltas))
    if grown.errors:
        raise SystemExit(f"a conversation could not be had: {grown.errors[0]}")
    return stored


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
