"""A service whose keys may make agents, beside the fixtures of the service's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from tests.service.conftest import books_add_up, service, shared_upstream
from tests.support.house import Key, Service
from tests.support.people import key_of_user

__all__ = ["books_add_up", "service", "shared_upstream"]

MODEL = "local/scripted-1"


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """A project of the test's own, so that its lists are."""
    return f"p-{abs(hash(request.node.nodeid))}"


@pytest.fixture
def maker(service: Service, project: str) -> Key:
    """A key of that project that may do all there is to do with agents."""
    return service.key(scopes=SCOPES, project=project)


SCOPES = ("inference", "agents.read", "agents.write", "assistants", "files")


@pytest.fixture
def client(service: Service, maker: Key) -> Iterator[OpenAI]:
    """The official SDK with that key."""
    with OpenAI(base_url=service.base_url + "/v1", api_key=maker.secret, max_retries=0) as client:
        yield client


@pytest.fixture
def http(service: Service, maker: Key) -> Iterator[httpx.Client]:
    """A plain client with that key."""
    with httpx.Client(base_url=service.base_url, headers=maker.headers) as client:
        yield client


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    """A client with a key of another project."""
    headers = service.key(project="elsewhere", scopes=SCOPES).headers
    with httpx.Client(base_url=service.base_url, headers=headers) as client:
        yield client


@pytest.fixture
def person(service: Service, project: str) -> Iterator[httpx.Client]:
    """A client with a user's key in the test's project."""
    with httpx.Client(
        base_url=service.base_url, headers=key_of_user(service, project, SCOPES).headers
    ) as client:
        yield client


@pytest.fixture
def another_person(service: Service, project: str) -> Iterator[httpx.Client]:
    """A client with another user's key in the test's project."""
    with httpx.Client(
        base_url=service.base_url, headers=key_of_user(service, project, SCOPES).headers
    ) as client:
        yield client
