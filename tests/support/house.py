"""The whole service in this process, on a real socket and its own event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from msgspec import structs

from service.app import Server, listen, run
from service.http.house import House
from service.ids import new_id
from service.settings import Settings, load
from service.store.database import Database
from service.store.keys import mint
from service.store.ports import Account, NewKey
from service.store.writer import Connect
from specs.scopes import DATA_SCOPES
from tests.support.patience import PATIENCE

T = TypeVar("T")
DOLLAR = 10**9
ENVIRON = {"UPSTREAM_KEY": "sk-upstream-canary"}


class Service:
    """A running service, and what a test wants of its operator. `do` runs on the service's loop."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings = settings
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self.metrics_url = ""
        """Where its metrics are, if it was started with them."""
        self.server: Server
        self.house: House
        self.loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the service's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def operate(self, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
        """Do something on the database beside the service, as the command line does."""

        async def beside() -> T:
            async with await Database.open(self.settings.database) as database:
                return await work(database)

        return asyncio.run(beside())

    def key(
        self,
        *,
        dollars: float | None = None,
        nano: int = 0,
        scopes: tuple[str, ...] = DATA_SCOPES,
        agents: tuple[str, ...] | None = None,
        project: str = "default",
        expires_at: int | None = None,
        id: str | None = None,
        user: str | None = None,
    ) -> Key:
        """Make a key; without dollars and nano-dollars it is unlimited."""
        minted = mint()
        unlimited = dollars is None and not nano
        granted = nano or int((dollars or 0) * DOLLAR)

        async def create(database: Database) -> Key:
            now = int(time.time())
            owner = await database.projects.ensure(project, id=new_id("proj"), now=now)
            record = await database.keys.create(
                NewKey(
                    id=id or new_id("key"),
                    project=owner.id,
                    name="test",
                    digest=minted.digest,
                    prefix=minted.prefix,
                    last_four=minted.last_four,
                    scopes=scopes,
                    account=new_id("acct"),
                    created_at=now,
                    agents=agents,
                    expires_at=expires_at,
                    user=user,
                ),
                granted=granted,
                unlimited=unlimited,
            )
            return Key(self, record.id, record.account, minted.secret.reveal())

        return self.operate(create)

    def broken(self) -> list[Any]:
        """What `doctor` would find wrong with the books."""
        return self.operate(lambda database: database.books.check(now=int(time.time()), grace=60))


class Key:
    """A key of a running service."""

    def __init__(self, service: Service, id: str, account: str, secret: str) -> None:
        self.id = id
        self.secret = secret
        self._account = account
        self._service = service

    @property
    def headers(self) -> dict[str, str]:
        """What a request with this key carries."""
        return {"authorization": f"Bearer {self.secret}"}

    @property
    def account(self) -> Account:
        """Its account, as the database has it now."""
        found = self._service.operate(lambda database: database.accounts.get(self._account))
        assert found is not None
        return found

    @property
    def usage(self) -> list[Any]:
        """The usage written down for it, newest first."""
        return self._service.operate(lambda database: database.usage.list(key=self.id))

    def revoke(self) -> None:
        """Revoke it."""
        self._service.operate(lambda database: database.keys.revoke(self.id, now=int(time.time())))


def eventually(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait for a condition that the service brings about; AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


@contextmanager
def service_in_thread(
    config: str,
    folder: Path,
    *,
    changes: dict[str, Any] | None = None,
    with_metrics: bool = False,
    connect: Callable[[Path], Connect] | None = None,
) -> Iterator[Service]:
    """Serve a configuration until the block ends.

    `changes` replace sections of the settings; `connect` gets the database's path and gives what
    makes its writing connections.
    """
    file = folder / "dragoman.toml"
    file.write_text(config)
    settings = structs.replace(load(file, ENVIRON), **(changes or {}))
    listener = listen("127.0.0.1", 0)
    service = Service(settings, listener.getsockname()[1])
    metrics = listen("127.0.0.1", 0) if with_metrics else None
    if metrics is not None:
        service.metrics_url = f"http://127.0.0.1:{metrics.getsockname()[1]}/metrics"
    failures: list[BaseException] = []

    def started(server: Server) -> None:
        service.server = server
        service.house = server.house
        service.loop = asyncio.get_running_loop()

    def serve() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(
                    run(
                        settings,
                        listener,
                        environ=ENVIRON,
                        metrics=metrics,
                        started=started,
                        connect=connect(settings.database) if connect else None,
                    )
                )
        except BaseException as error:  # the edge of the thread: the test is told below
            failures.append(error)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not (hasattr(service, "server") and service.server.started):
        if failures or time.monotonic() > deadline:
            raise RuntimeError("the service did not start") from (failures[0] if failures else None)
        time.sleep(0.005)
    try:
        yield service
    finally:
        service.server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the service did not end"
        if failures:
            raise failures[0]
