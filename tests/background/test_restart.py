"""A real process that is killed with runs in the background: all of them end, each is charged once."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from openai import OpenAI

from service.store.statements import statements
from tests.durability.load import configuration
from tests.support.exchange import Exchange
from tests.support.house import eventually
from tests.support.processes import Service
from tests.support.script import Script
from tests.support.upstream import upstream_in_thread
from tests.support.wires.frames import Tokens

RUNS = 24
UNFINISHED = {"queued", "in_progress"}


def script_of(exchange: Exchange) -> Script:
    """A third answers at once, two thirds wait in the middle, some of them after a slow start."""
    found = re.search(rb"order (\d+)", exchange.raw)
    assert found is not None
    number = int(found[1])
    words = tuple(f"word{place} " for place in range(30))
    usage = Tokens(input=20, output=30 + number)
    match number % 3:
        case 0:
            return Script(text=words, usage=usage)
        case 1:
            return Script(text=words, usage=usage, pace=0.02, stall_after_events=20)
        case _:
            return Script(text=words, usage=usage, stall_after_events=20)


def test_after_a_kill_every_run_ends_and_none_is_charged_twice(tmp_path: Path):
    config = tmp_path / "dragoman.toml"
    with upstream_in_thread() as upstream:
        upstream.answer_with(script_of)
        config.write_text(configuration(upstream.base_url))
        service = Service(config, environment={"UPSTREAM_KEY": "sk-scripted"})
        service.start()
        try:
            key = service.create_key()
            with OpenAI(base_url=service.base_url + "/v1", api_key=key, max_retries=0) as client:
                ids = [
                    client.responses.create(
                        model="local/scripted-1", input=f"order {number}", background=True
                    ).id
                    for number in range(RUNS)
                ]
                eventually(lambda: len(upstream.exchanges) == RUNS)
                eventually(lambda: client.responses.retrieve(ids[0]).status == "completed")
                eventually(lambda: bool(client.responses.retrieve(ids[2]).output))
                service.kill()
                asked = len(upstream.exchanges)
                waiting = queue_again(tmp_path / "books.db")
                upstream.release()
                service.start()
                eventually(lambda: not UNFINISHED & set(statuses_of(client, ids).values()))
                statuses = statuses_of(client, ids)
                assert set(statuses.values()) <= {"completed", "failed"}
                assert "failed" in statuses.values()
                assert "completed" in statuses.values()
                assert statuses[waiting] == "completed"
                for id in ids:
                    shown = client.responses.retrieve(id)
                    *_, last = client.responses.retrieve(id, stream=True)
                    assert last.response.to_dict() == shown.to_dict()
                    if shown.status == "failed":
                        assert shown.error.code == "server_error"
                        assert shown.usage is None or shown.usage.input_tokens > 0
            again = len(upstream.exchanges) - asked
            assert again == 1
            assert broken(tmp_path / "books.db") == []
        finally:
            if service.is_running():
                service.kill()


def statuses_of(client: OpenAI, ids: list[str]) -> dict[str, str | None]:
    return {id: client.responses.retrieve(id).status for id in ids}


def queue_again(database: Path) -> str:
    """Put one run back to where it was written down and nothing was held for it; returns its response."""
    with closing(sqlite3.connect(database)) as connection, connection:
        response, run = connection.execute(
            "select b.response, b.run from background_runs b"
            " join holds h on h.run = b.run where h.state = 'open' and b.state = 'in_progress'"
            " and json_extract(b.job, '$.prepared.request.items[0].content[0].text') in"
            " ('order 1', 'order 4', 'order 7', 'order 10', 'order 13', 'order 16', 'order 19', 'order 22')"
            " limit 1"
        ).fetchone()
        connection.execute("update holds set state = 'voided', resolved_at = 1 where run = ?", (run,))
        connection.execute("delete from holds where run = ?", (run,))
        connection.execute("delete from runs where id = ?", (run,))
        connection.execute("update background_runs set state = 'queued' where run = ?", (run,))
        connection.execute("update responses set status = 'queued' where run = ?", (run,))
        return response


def broken(database: Path) -> list[str]:
    """What `doctor` would say, and accounts that did not pay the sum of their usage."""
    with closing(sqlite3.connect(database)) as connection:
        values = {"now": int(time.time()), "grace": 60}
        found = [
            f"{check.name}: {detail}"
            for check in statements("checks")
            for (detail,) in connection.execute(check.sql, values)
        ]
        held = connection.execute("select count(*) from holds where state = 'open'").fetchone()[0]
        return found + ([f"{held} holds are open"] if held else [])
