"""SIGTERM with runs in the background: each has ended or is begun anew at the next start, all is settled."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from openai import OpenAI

from tests.background.test_restart import broken
from tests.durability.load import configuration
from tests.support.house import eventually
from tests.support.processes import Service
from tests.support.script import Script
from tests.support.upstream import upstream_in_thread

PLACES, WAITING = 2, 3
OPTIONS = f"""
[server]
drain_seconds = 0.5
[engine]
max_background = {PLACES}
"""
STALLED = Script(text=("One ", "two ", "three"), stall_after_events=5)
AGENT = "local/scripted-1"
UNFINISHED = {"queued", "in_progress"}


def statuses(client: OpenAI, ids: list[str]) -> list[str]:
    return [str(client.responses.retrieve(id).status) for id in ids]


def test_those_under_way_end_and_those_that_waited_are_made_after_the_next_start(tmp_path: Path):
    config, database = tmp_path / "dragoman.toml", tmp_path / "books.db"
    with upstream_in_thread() as upstream:
        upstream.enqueue(*[STALLED] * PLACES)
        config.write_text(configuration(upstream.base_url) + OPTIONS)
        service = Service(config, environment={"UPSTREAM_KEY": "sk-scripted"})
        service.start()
        try:
            key = service.create_key()
            with OpenAI(base_url=service.base_url + "/v1", api_key=key, max_retries=0) as client:
                ids = [
                    client.responses.create(model=AGENT, input=f"order {number}", background=True).id
                    for number in range(PLACES + WAITING)
                ]
                going, waiting = ids[:PLACES], ids[PLACES:]
                eventually(lambda: all(client.responses.retrieve(id).output for id in going))
                assert service.stop() == 0
                assert broken(database) == []
                assert stored(database, going) == ["failed"] * PLACES
                assert stored(database, waiting) == ["queued"] * WAITING
                service.start()
                eventually(lambda: not UNFINISHED & set(statuses(client, ids)))
                assert statuses(client, ids) == ["failed"] * PLACES + ["completed"] * WAITING
                for id in going:
                    ended = client.responses.retrieve(id)
                    assert ended.error is not None
                    assert ended.error.code == "shutting_down"
            assert len(upstream.exchanges) == PLACES + WAITING
            assert service.stop() == 0
            assert broken(database) == []
            assert usages(database) == PLACES + WAITING
        finally:
            if service.is_running():
                service.kill()


def stored(database: Path, ids: list[str]) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        found = dict(connection.execute("select id, status from responses"))
    return [found[id] for id in ids]


def usages(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select count(*) from usage").fetchone()[0]
