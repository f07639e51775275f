"""One service and one scripted upstream for the whole folder; every test starts with a clean script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import Service, service_in_thread
from tests.support.upstream import Upstream, upstream_in_thread

PRICES = "input = 2.0\ncache_read = 0.2\ncache_write = 2.5\noutput = 8.0\n"


def configuration(upstream: str) -> str:
    """Three providers, one a wire, all the same upstream, and agents of every kind a test wants."""
    return f"""
[responses]
store_forbidden_projects = ["forbidden"]
strict_agents = ["agent_strict"]
strict_keys = ["key_strict"]
[models]
"gpt-4-turbo" = "local/scripted-1"
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
expose = ["scripted-1"]
[providers.local.prices."scripted-1"]
{PRICES}
[providers.answers]
kind = "openai"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
[providers.answers.prices."scripted-1"]
{PRICES}
[providers.answers.prices."dear"]
input = 4.0
output = 16.0
[providers.letters]
kind = "anthropic"
base_url = "{upstream}"
api_key = "env:UPSTREAM_KEY"
[providers.letters.prices."scripted-1"]
{PRICES}
[providers.gratis]
kind = "openai-compatible"
base_url = "{upstream}/v1"
free = true
[providers.hasty]
kind = "openai-compatible"
base_url = "{upstream}/v1"
expose = ["scripted-1"]
free = true
timeouts = {{ first_byte = 0.2 }}
[providers.nowhere]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
free = true
[[agents]]
id = "agent_support"
model = "local/scripted-1"
name = "Support"
instructions = "Be brief."
aliases = ["gpt-4o-mini"]
projects = ["default"]
[agents.settings]
temperature = 0.2
[agents.limits]
max_output_tokens = 4000
max_cost_usd = 0.50
[[agents]]
id = "agent_answers"
model = "answers/scripted-1"
[[agents]]
id = "agent_letters"
model = "letters/scripted-1"
[[agents]]
id = "agent_drain"
model = "local/scripted-1"
on_disconnect = "drain"
[[agents]]
id = "agent_frugal"
model = "answers/scripted-1"
[agents.limits]
max_cost_usd = 0.02
[[agents]]
id = "agent_fallback"
model = ["gratis/first", "answers/dear"]
[[agents]]
id = "agent_fallback_strict"
model = ["gratis/second", "answers/dear"]
[[agents]]
id = "agent_fallback_broken"
model = ["gratis/third", "answers/dear"]
[[agents]]
id = "agent_nowhere"
model = "nowhere/m"
[[agents]]
id = "agent_elsewhere"
model = "local/scripted-1"
projects = ["other"]
"""


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("service")
    with service_in_thread(configuration(shared_upstream.base_url), folder) as service:
        yield service


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    """After every test nothing is held for long and every invariant holds."""
    yield
    assert service.broken() == []
