"""What every test shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings

from tests.support.apis import APIS, Api
from tests.support.house import Key, Service
from tests.support.patience import PATIENCE
from tests.support.postgres import Where, fresh_database
from tests.support.upstream import Upstream, upstream_in_thread

# On a busy machine neither an example's time nor that of making it says anything.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")
# Nor has a request failed that took longer than the five seconds httpx gives it where nothing is said.
for part in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, part, PATIENCE)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio alone, as the service does."""
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Where]:
    """A place for a new database, of each kind in turn."""
    if request.param == "sqlite":
        yield tmp_path / "books.db"
    else:
        with fresh_database() as address:
            yield address


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[Upstream]:
    """A scripted provider, which a module's `service` calls."""
    with upstream_in_thread() as upstream:
        yield upstream


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Upstream:
    """That provider, with nothing left of the test before."""
    shared_upstream.exchanges.clear()
    shared_upstream.scripts.clear()
    shared_upstream.rule = None
    shared_upstream.resets_left = 0
    return shared_upstream


@pytest.fixture
def key(service: Service) -> Key:
    """A key without a limit, of the `service` that a module or folder has."""
    return service.key()


@pytest.fixture
def http(service: Service, key: Key) -> Iterator[httpx.Client]:
    """A client with that key."""
    with httpx.Client(base_url=service.base_url, headers=key.headers) as client:
        yield client


@pytest.fixture(params=APIS, ids=lambda api: api.name)
def api(request: pytest.FixtureRequest) -> Api:
    """Each API in turn."""
    return request.param
