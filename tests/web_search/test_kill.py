"""A service that is killed while it searches: the next start charges the search, once, and marks it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import httpx

from tests.support.house import eventually
from tests.support.processes import running
from tests.support.search_engine import SearchEngine
from tests.support.upstream import Upstream
from tests.web_search.conftest import CONFIG, PRICE, search


def test_a_search_that_nobody_lived_to_settle_is_charged_once(
    shared_engine: tuple[SearchEngine, str], engine: SearchEngine, upstream: Upstream, tmp_path: Path
) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text(CONFIG.format(upstream=upstream.base_url, engine=shared_engine[1]))
    engine.holds = True
    upstream.enqueue(search("x"))
    with running(file) as service:
        key = service.create_key("--balance", "1")
        body = {"model": "agent_search", "messages": [{"role": "user", "content": "Go"}]}
        asking = threading.Thread(target=_ask, args=(service.base_url, key, body), daemon=True)
        asking.start()
        eventually(lambda: bool(engine.asked))
        service.kill()
        asking.join(30)
        service.start()
        service.run("doctor")  # fails where the books do not add up
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "dragoman.db")) as database:
        used = database.execute(
            "select units, estimated, cost, charged from usage where provider = 'web_search'"
        ).fetchall()
        held = database.execute("select coalesce(sum(held), 0) from accounts").fetchone()
    assert used == [('{"web_searches":1}', 1, PRICE, PRICE)]
    assert held == (0,)


def _ask(base_url: str, key: str, body: object) -> None:
    with contextlib.suppress(httpx.HTTPError):  # the service is killed
        httpx.post(
            f"{base_url}/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        )
