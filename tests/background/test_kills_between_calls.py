"""A kill between two model calls, or between a call's last word and its end: no call is made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from openai.types.responses import Response

from tests.background.test_restart import broken
from tests.durability.load import configuration
from tests.support.house import eventually
from tests.support.processes import Service
from tests.support.script import Script
from tests.support.upstream import Upstream, upstream_in_thread
from tests.support.wires.frames import Tokens

AGENT = "local/scripted-1"
LONG: Any = [
    {"role": "user", "content": "word " * 2_000},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "So?"},
]
COMPACT: Any = [{"type": "compaction", "compact_threshold": 1_000}]
SUMMARY = Script(text=("The door is green.",), usage=Tokens(input=2_000, output=10))
SILENT = Script(text=("Never",), header_delay=float("inf"))
WORDS = ("One ", "two ", "three ", "four")


@contextmanager
def started(folder: Path, upstream: Upstream) -> Iterator[tuple[Service, OpenAI]]:
    """A process, and a client that outlives its kills."""
    config = folder / "dragoman.toml"
    config.write_text(configuration(upstream.base_url))
    service = Service(config, environment={"UPSTREAM_KEY": "sk-scripted"})
    service.start()
    try:
        key = service.create_key()
        with OpenAI(base_url=service.base_url + "/v1", api_key=key, max_retries=0) as client:
            yield service, client
    finally:
        if service.is_running():
            service.kill()


def ended(client: OpenAI, id: str) -> Response:
    eventually(lambda: client.responses.retrieve(id).status not in ("queued", "in_progress"))
    return client.responses.retrieve(id)


def usage(database: Path) -> list[tuple[int, int, int]]:
    """(step, input, whether it was estimated) of each attempt that was charged."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select step, input, estimated from usage order by step").fetchall()


def test_a_call_that_had_ended_before_the_kill_is_kept_and_charged_as_it_was(tmp_path: Path):
    """A summary is a model call of its own; the kill comes while the next one is being made."""
    with upstream_in_thread() as upstream:
        upstream.enqueue(SUMMARY, SILENT)
        with started(tmp_path, upstream) as (service, client):
            id = client.responses.create(
                model=AGENT, input=LONG, context_management=COMPACT, background=True
            ).id
            eventually(lambda: bool(client.responses.retrieve(id).output))
            eventually(lambda: len(upstream.exchanges) == 2)
            eventually(lambda: len(usage(tmp_path / "books.db")) == 1)
            service.kill()
            service.start()
            found = ended(client, id)
            assert (found.status, [item.type for item in found.output]) == ("failed", ["compaction"])
            assert len(upstream.exchanges) == 2
            first, *rest = usage(tmp_path / "books.db")
            assert first == (0, 2_000, 0)
            assert [(step, estimated) for step, _, estimated in rest] in ([], [(1, 1)])
            assert broken(tmp_path / "books.db") == []
            upstream.enqueue(Script(text=("Green.",)))
            goes_on: Any = [found.output[0].model_dump(), {"role": "user", "content": "So?"}]
            assert client.responses.create(model=AGENT, input=goes_on).output_text == "Green."


@pytest.mark.parametrize("events", [len(WORDS) + 1, len(WORDS) + 2])
def test_a_call_whose_words_were_all_there_is_not_made_again(events: int, tmp_path: Path):
    """The kill comes after the last word, before the upstream said why it ended or what it used."""
    with upstream_in_thread() as upstream:
        upstream.enqueue(Script(text=WORDS, stall_after_events=events))
        with started(tmp_path, upstream) as (service, client):
            id = client.responses.create(model=AGENT, input="Count", background=True).id
            eventually(lambda: written(tmp_path / "books.db", WORDS[-1]))
            service.kill()
            service.start()
            found = ended(client, id)
            assert (found.status, found.output_text) == ("failed", "".join(WORDS))
            assert len(upstream.exchanges) == 1
            ((step, _, estimated),) = usage(tmp_path / "books.db")
            assert (step, estimated) == (0, 1)
            assert broken(tmp_path / "books.db") == []


def written(database: Path, word: str) -> bool:
    """Whether the log that outlives a kill has a word."""
    with closing(sqlite3.connect(database)) as connection:
        return any(
            f'"{word}"' in payload for (payload,) in connection.execute("select payload from run_events")
        )
