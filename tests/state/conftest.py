"""The service and upstream of the service tests, and the official SDK as the client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from specs.scopes import DATA_SCOPES
from tests.service.conftest import *  # noqa: F403 (fixtures)
from tests.support.house import Key, Service

SCOPES = (*DATA_SCOPES, "agents.write")


@pytest.fixture
def key(service: Service) -> Key:
    """A key that may make whatever belongs to a project."""
    return service.key(scopes=SCOPES)


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[OpenAI]:
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        yield client


@pytest.fixture
def stranger(service: Service) -> Iterator[OpenAI]:
    """A client of another project."""
    key = service.key(project="stranger", scopes=SCOPES)
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        yield client
