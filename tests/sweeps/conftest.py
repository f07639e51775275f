"""A service with two projects, and a key of each that may do everything."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from specs.scopes import SCOPES
from tests.support.house import Service, service_in_thread
from tests.support.people import key_of_user

CONFIGURATION = """
[providers.demo]
kind = "demo"
free = true
pace_ms = 0
[providers.theirs]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
api_key = "user_provided"
free = true
"""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_in_thread(CONFIGURATION, tmp_path_factory.mktemp("sweeps")) as service:
        yield service


def _everything_in(service: Service, project: str) -> Iterator[httpx.Client]:
    key = key_of_user(service, project, SCOPES, role="owner", organization_role="owner")
    with httpx.Client(base_url=service.base_url, headers=key.headers) as client:
        yield client


@pytest.fixture(scope="session")
def here(service: Service) -> Iterator[httpx.Client]:
    """A client that may do everything in one project, and administers."""
    yield from _everything_in(service, "here")


@pytest.fixture(scope="session")
def elsewhere(service: Service) -> Iterator[httpx.Client]:
    """The same in another project."""
    yield from _everything_in(service, "elsewhere")
