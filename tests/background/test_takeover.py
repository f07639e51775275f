"""Two processes on one database: one takes over what the other left for too long, and what the other
still writes when it comes back is refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from openai import OpenAI

from tests.background.test_kills_between_calls import ended, usage
from tests.background.test_restart import broken
from tests.durability.load import configuration
from tests.support.house import eventually
from tests.support.processes import Service
from tests.support.script import Script
from tests.support.upstream import Upstream, upstream_in_thread

AGENT = "local/scripted-1"
STALLED = Script(text=("One ", "two"), stall_after_events=2)


@contextmanager
def two_services(folder: Path, upstream: Upstream, *, options: str = "") -> Iterator[tuple[Service, Service]]:
    """The second begins while the first, which has these options, lives; on the same database."""
    services = []
    for name, more in (("first", options), ("second", "")):
        config = folder / f"{name}.toml"
        config.write_text(configuration(upstream.base_url) + more)
        services.append(Service(config, environment={"UPSTREAM_KEY": "sk-scripted"}))
    first, second = services
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        for service in services:
            if service.is_running():
                os.kill(service.pid, signal.SIGCONT)
                service.kill()


def freeze(service: Service, database: Path) -> None:
    """Stop a process where it holds no lock on the database."""
    for _ in range(100):
        os.kill(service.pid, signal.SIGSTOP)
        with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as connection:
            try:
                connection.execute("begin immediate")
                connection.execute("rollback")
                return
            except sqlite3.OperationalError:
                os.kill(service.pid, signal.SIGCONT)
                time.sleep(0.02)
    raise AssertionError("it always held the lock")


def let_leases_end(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("update runs set lease_until = 0 where status = 'running'")
        connection.execute("update background_runs set lease_until = 0 where state <> 'ended'")


def test_what_a_frozen_process_left_is_ended_by_the_other_and_stays_so(tmp_path: Path):
    database = tmp_path / "books.db"
    with upstream_in_thread() as upstream, two_services(tmp_path, upstream) as (first, second):
        upstream.enqueue(STALLED)
        key = first.create_key()
        with (
            OpenAI(base_url=first.base_url + "/v1", api_key=key, max_retries=0) as here,
            OpenAI(base_url=second.base_url + "/v1", api_key=key, max_retries=0) as there,
        ):
            id = here.responses.create(model=AGENT, input="Hello", background=True).id
            eventually(lambda: bool(there.responses.retrieve(id).output))
            freeze(first, database)
            let_leases_end(database)
            taken = ended(there, id)
            assert (taken.status, taken.output_text) == ("failed", "One ")
            ((step, _, estimated),) = usage(database)
            assert (step, estimated) == (0, 1)
            assert fences(database) == [2]
            os.kill(first.pid, signal.SIGCONT)
            upstream.release()
            assert here.responses.create(model=AGENT, input="Are you back?").status == "completed"
            eventually(lambda: is_over(first, id))
            assert here.responses.retrieve(id).to_dict() == taken.to_dict()
            events = list(there.responses.retrieve(id, stream=True))
            assert [event.type for event in events].count("response.failed") == 1
            assert events[-1].response.to_dict() == taken.to_dict()  # type: ignore[union-attr]
        assert len(upstream.exchanges) == 2
        assert len(usage(database)) == 2
        assert broken(database) == []


def test_what_a_frozen_process_had_not_begun_is_made_by_the_other_once(tmp_path: Path):
    database = tmp_path / "books.db"
    options = "[engine]\nmax_background = 1\n"
    with upstream_in_thread() as upstream, two_services(tmp_path, upstream, options=options) as services:
        first, second = services
        upstream.enqueue(*[STALLED] * 2)
        key = first.create_key()
        with (
            OpenAI(base_url=first.base_url + "/v1", api_key=key, max_retries=0) as here,
            OpenAI(base_url=second.base_url + "/v1", api_key=key, max_retries=0) as there,
        ):
            ids = [here.responses.create(model=AGENT, input="Hello", background=True).id for _ in range(2)]
            eventually(lambda: bool(there.responses.retrieve(ids[0]).output))
            freeze(first, database)
            let_leases_end(database)
            eventually(lambda: len(upstream.exchanges) == 2)
            upstream.release()
            assert [ended(there, id).status for id in ids] == ["failed", "completed"]
            os.kill(first.pid, signal.SIGCONT)
            assert here.responses.create(model=AGENT, input="Are you back?").status == "completed"
            eventually(lambda: all(is_over(first, id) for id in ids))
            assert [here.responses.retrieve(id).status for id in ids] == ["failed", "completed"]
        assert len(upstream.exchanges) == 3
        assert len(usage(database)) == 3
        assert broken(database) == []


def fences(database: Path) -> list[int]:
    """How often each run in the background was claimed."""
    with closing(sqlite3.connect(database)) as connection:
        return [fence for (fence,) in connection.execute("select fence from background_runs")]


def is_over(service: Service, response: str) -> bool:
    """Whether a process has let go of a response's run: its request is then logged."""
    return response.replace("resp_", "run_") in service.log.read_text()
