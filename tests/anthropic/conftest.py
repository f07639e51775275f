"""The service of the control tests, and the official SDK as the client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anthropic import Anthropic

from tests.control.conftest import service
from tests.service.conftest import books_add_up, shared_upstream
from tests.support.house import Key, Service

__all__ = ["books_add_up", "service", "shared_upstream"]


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[Anthropic]:
    with Anthropic(base_url=service.base_url, api_key=key.secret, max_retries=0) as client:
        yield client
