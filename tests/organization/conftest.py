"""A service with a key of administration, and the official SDK with that key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from specs.scopes import ADMIN
from tests.support.house import Key, Service, service_in_thread

CONFIGURATION = """
[providers.demo]
kind = "demo"
pace_ms = 0
"""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("organization")
    with service_in_thread(CONFIGURATION, folder) as service:
        yield service


@pytest.fixture(scope="session")
def admin_key(service: Service) -> Key:
    """A key of administration."""
    return service.key(scopes=(ADMIN,))


@pytest.fixture
def client(service: Service, admin_key: Key) -> Iterator[OpenAI]:
    """The official SDK with that key."""
    with OpenAI(
        base_url=service.base_url + "/v1", api_key="none", admin_api_key=admin_key.secret, max_retries=0
    ) as client:
        yield client


@pytest.fixture
def admin(service: Service, admin_key: Key) -> Iterator[httpx.Client]:
    """A plain client with that key."""
    with httpx.Client(base_url=service.base_url + "/v1", headers=admin_key.headers) as client:
        yield client


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    """After every test every invariant holds."""
    yield
    assert service.broken() == []
