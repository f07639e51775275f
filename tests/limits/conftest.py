"""A service with small limits, and one with the usual ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.house import Service, service_in_thread

CONFIGURATION = """
[providers.demo]
kind = "demo"
pace_ms = 0
[providers.slow]
kind = "demo"
pace_ms = 2000
[[agents]]
id = "agent_slow"
model = "slow/demo-1"
"""
LIMITED = """
[[limits]]
class = "requests"
max = 100
window = 3600
[[limits]]
class = "files"
max = 2
window = 3600
message = "Ask Ada for more."
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """100 requests an hour and key, two operations on files."""
    with service_in_thread(CONFIGURATION + LIMITED, tmp_path_factory.mktemp("limited")) as service:
        yield service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """No limits but the usual ones."""
    with service_in_thread(CONFIGURATION, tmp_path_factory.mktemp("usual")) as service:
        yield service
