"""The service and upstream of the service tests with agents over the built-in stand-in beside them,
and the official SDK as the client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from tests.service.conftest import PRICES, books_add_up, configuration, shared_upstream
from tests.support.house import Key, Service, service_in_thread
from tests.support.upstream import Upstream

__all__ = ["books_add_up", "shared_upstream"]


def agents(upstream: str) -> str:
    """An agent over the stand-in, one with a tool of its own, one whose model knows custom tools, and
    one whose server cannot force a call."""
    return f"""
[providers.standin]
kind = "demo"
pace_ms = 0
[providers.ollama]
kind = "openai-compatible"
base_url = "{upstream}/v1"
[providers.ollama.prices."scripted-1"]
{PRICES}
[providers.answers.prices."gpt-5"]
{PRICES}
[[agents]]
id = "agent_standin"
model = "standin/any"
[[agents]]
id = "agent_strict"
model = "standin/any"
aliases = ["strict-alias"]
[[agents]]
id = "agent_clock"
model = "standin/any"
tools = [{{ type = "function", name = "clock" }}]
[[agents]]
id = "agent_custom"
model = "answers/gpt-5"
[[agents]]
id = "agent_unforced"
model = "ollama/scripted-1"
"""


@pytest.fixture(scope="session")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("control")
    base = shared_upstream.base_url
    with service_in_thread(configuration(base) + agents(base), folder) as service:
        yield service


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[OpenAI]:
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        yield client
