"""One service for the whole folder, with a stand-in that does not pause and an upstream of each wire."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from specs.scopes import SCOPES
from tests.support.house import Key, Service, eventually, service_in_thread
from tests.support.lag import Lag, watched
from tests.support.people import key_of_user
from tests.support.upstream import Upstream, upstream_in_thread

UNLIMITED = "\n".join(
    f'[[limits]]\nclass = "{name}"\nmax = "unlimited"' for name in ("assistants", "messages", "runs", "files")
)
"""What a minute's thousands of requests would meet otherwise."""


def configuration(upstream: str) -> str:
    """The stand-in, and one provider a wire."""
    return f"""
{UNLIMITED}
[providers.demo]
kind = "demo"
pace_ms = 0
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
free = true
[providers.answers]
kind = "openai"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
free = true
[providers.letters]
kind = "anthropic"
base_url = "{upstream}"
api_key = "env:UPSTREAM_KEY"
free = true
[providers.theirs]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "user_provided"
free = true
[[agents]]
id = "agent_chat"
model = "local/scripted-1"
[[agents]]
id = "agent_answers"
model = "answers/scripted-1"
[[agents]]
id = "agent_letters"
model = "letters/scripted-1"
"""


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def service(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_in_thread(configuration(upstream.base_url), tmp_path_factory.mktemp("input")) as service:
        yield service


@pytest.fixture(scope="session")
def key(service: Service) -> Key:
    """A key without a limit that may do everything."""
    return key_of_user(service, "default", SCOPES, role="owner", organization_role="owner")


@pytest.fixture(scope="session")
def lag(service: Service, key: Key) -> Iterator[Lag]:
    """Watches the service's loop. Each provider was used once: the loop is not to blame for the imports."""
    for agent in ("agent_demo", "agent_chat", "agent_answers", "agent_letters"):
        body = {"model": agent, "input": "Hi"}
        httpx.post(f"{service.base_url}/v1/responses", headers=key.headers, json=body).raise_for_status()
    with watched(service) as lag:
        yield lag


@pytest.fixture(autouse=True)
def nothing_runs_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test with the service no run is left."""
    yield
    if "service" in request.fixturenames:
        running = request.getfixturevalue("service").house.runs.active
        eventually(lambda: not running)


@pytest.fixture(scope="module", autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    """After every file nothing is held and every invariant holds."""
    yield
    assert service.broken() == []
