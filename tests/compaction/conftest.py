"""The service of the control tests with an agent whose model has a small window, and the official SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.conftest import agents, books_add_up, client, shared_upstream
from tests.service.conftest import PRICES, configuration
from tests.support.house import Service, service_in_thread
from tests.support.upstream import Upstream

__all__ = ["books_add_up", "client", "shared_upstream"]

SMALL = f"""
[providers.answers.prices."gpt-4"]
{PRICES}
[[agents]]
id = "agent_small"
model = "answers/gpt-4"
instructions = "Be brief."
"""


@pytest.fixture(scope="session")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("compaction")
    base = shared_upstream.base_url
    with service_in_thread(configuration(base) + agents(base) + SMALL, folder) as service:
        yield service
