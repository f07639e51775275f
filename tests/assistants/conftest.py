"""The service and upstream of the service tests; the official SDK is the client, and every answer it gets
is held to the published OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from tests.state.conftest import *  # noqa: F403 (fixtures)
from tests.support.house import Key, Service
from tests.support.thread_schemas import judge


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[OpenAI]:
    with httpx.Client(event_hooks={"response": [judge]}) as http:
        yield OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0, http_client=http)
