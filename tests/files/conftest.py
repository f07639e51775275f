"""A service with small limits for files, beside the fixtures of the service's own tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from tests.service.conftest import books_add_up, configuration, shared_upstream
from tests.support.house import Key, Service, service_in_thread
from tests.support.upstream import Upstream

__all__ = ["books_add_up", "shared_upstream"]

LIMITS = """
[files]
max_file_bytes = 40000000
max_project_bytes = 100000000
max_input_bytes = 1000000
"""


@pytest.fixture(scope="session")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("files")
    with service_in_thread(LIMITS + configuration(shared_upstream.base_url), folder) as service:
        yield service


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[OpenAI]:
    """The official SDK with that key."""
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        yield client


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    """A client with a key of another project."""
    headers = service.key(project="elsewhere").headers
    with httpx.Client(base_url=service.base_url, headers=headers) as client:
        yield client


@pytest.fixture
def blobs(service: Service) -> Path:
    """Where the bytes lie."""
    return service.settings.database.parent / "files"
