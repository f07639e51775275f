"""What is measured, on which servers, in which order."""

from __future__ import annotations

import subprocess
from argparse import Namespace

import msgspec
from msgspec import Struct, field

from bench import report
from bench.books import Tally
from bench.goals import Check
from bench.lasting import EARLY, Growth, Turn, growth, turns
from bench.measures import Case, Samples, open_streams, rounds, warm_up
from bench.processes import ROOT, python, rss_kb
from bench.subjects import Subject

BOOKS = ("--databases", "sqlite", "--in-flight", "32", "--json")


class Servers(Struct, frozen=True):
    """Everything that runs."""

    subject: Subject
    """What is held to goals."""
    peers: list[Subject]
    relay: Subject
    mock: Subject

    @property
    def all(self) -> list[Subject]:
        """Each of them."""
        return [self.subject, *self.peers, self.relay, self.mock]


class Found(Struct):
    """Everything that was measured."""

    samples: Samples = field(default_factory=dict)
    paced: report.Paced = field(default_factory=dict)
    turns: tuple[Turn, Turn] | None = None
    growth: Growth | None = None
    books: list[Tally] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def checks(self, subject: Subject) -> list[Check]:
        """What was measured of the subject, beside its goals."""
        return [
            *report.answer_checks(self.samples, name=subject.name),
            *report.stream_checks(self.paced, name=subject.name),
            *report.lasting_checks(self.turns, self.growth),
            *report.books_checks(self.books),
            report.start_check(subject),
        ]


def cases_of(options: Namespace) -> list[Case]:
    """The measures of answers that are asked for."""
    apis = options.apis.split(",")
    connections = [int(number) for number in options.connections.split(",")]
    short = [
        Case(api, kind, number)
        for api in apis
        for kind in options.kinds.split(",")
        for number in connections
        if (api, kind) != ("websocket", "json")  # it always streams
    ]
    loads = [load for load in options.heavy.split(",") if load]
    held = [api for api in apis if api in report.HELD]
    return short + [Case(api, "json", max(connections), load) for api in held for load in loads]


def measure_all(options: Namespace, servers: Servers) -> Found:
    """Measure what is asked for; the first wrong answers end it."""
    found, cases = Found(), cases_of(options)
    at_start = {server.name: rss_kb(server.pid) for server in servers.all}
    for server in servers.all:
        found.errors += warm_up(server, cases, deltas=options.deltas)
    if not found.errors:
        _paced_streams(options, servers, found, at_start)
    if not found.errors:
        _answers(options, servers, found, cases)
    if not found.errors and not options.relay_only:
        _long_use(options, servers, found)
    return found


def _paced_streams(options: Namespace, servers: Servers, found: Found, at_start: dict[str, int]) -> None:
    """Paced streams through each server, one server after the other."""
    for number in map(int, options.streams.split(",")):
        for server in (servers.subject, servers.relay, servers.mock) if number else ():
            sample, memory = open_streams(
                server, streams=number, deltas=options.paced_deltas, at_start=at_start[server.name]
            )
            found.paced[number, server.name] = sample, memory
            found.errors += sample.errors


def _answers(options: Namespace, servers: Servers, found: Found, cases: list[Case]) -> None:
    found.samples = rounds(
        cases, servers.all, times=options.rounds, seconds=options.seconds, deltas=options.deltas
    )
    found.errors += [error for sample in found.samples.values() for error in sample.errors]


def _long_use(options: Namespace, servers: Servers, found: Found) -> None:
    subject, deltas = servers.subject, options.deltas
    if options.turns > EARLY:
        found.turns = turns(subject, servers.relay, last=options.turns, deltas=deltas)
        found.errors += [error for turn in found.turns for error in turn.stored.errors + turn.relayed.errors]
    if options.growth:
        found.growth = growth(subject, requests=options.growth, deltas=deltas)
        found.errors += found.growth.errors


def books() -> list[Tally]:
    """The accounting by itself, in a process of its own."""
    printed = subprocess.run(
        python("bench.books", *BOOKS), cwd=ROOT, stdout=subprocess.PIPE, timeout=60, check=True
    ).stdout
    return msgspec.json.decode(printed, type=list[Tally])
