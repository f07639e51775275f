"""A run keeps the version it was asked with, also where another process makes it later."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from openai import OpenAI

from tests.background.test_kills_between_calls import ended
from tests.background.test_takeover import STALLED, freeze, let_leases_end, two_services
from tests.support.house import eventually
from tests.support.upstream import upstream_in_thread

SCOPES = "inference,agents.read,agents.write"


def test_a_run_taken_over_uses_the_version_it_began_with(tmp_path: Path):
    database = tmp_path / "books.db"
    options = "[engine]\nmax_background = 1\n"
    with upstream_in_thread() as upstream, two_services(tmp_path, upstream, options=options) as services:
        first, second = services
        upstream.enqueue(STALLED)
        key = first.create_key("--unlimited", "--scopes", SCOPES)
        with (
            OpenAI(base_url=first.base_url + "/v1", api_key=key, max_retries=0) as here,
            OpenAI(base_url=second.base_url + "/v1", api_key=key, max_retries=0) as there,
        ):
            agent = here.beta.agents.create(model="local/scripted-1", instructions="One.")
            ids = [here.responses.create(model=agent.id, input="Hi", background=True).id for _ in range(2)]
            eventually(lambda: bool(there.responses.retrieve(ids[0]).output))
            freeze(first, database)
            there.beta.agents.update(agent.id, instructions="Two.")
            let_leases_end(database)
            eventually(lambda: len(upstream.exchanges) == 2)
            assert ended(there, ids[1]).status == "completed"
            assert upstream.exchanges[1].body["messages"][0]["content"] == "One."
            os.kill(first.pid, signal.SIGCONT)
            upstream.release()
    with closing(sqlite3.connect(database)) as connection:
        versions = connection.execute("select distinct agent, agent_version from usage").fetchall()
    assert versions == [(agent.id, 1)]
