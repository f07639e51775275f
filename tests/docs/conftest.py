"""What the examples of the documentation run against: one service, with a local model behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import npm
from tests.support.documents import ROOT
from tests.support.processes import free_port, running
from tests.support.reader import Reader
from tests.support.upstream import upstream_in_thread

NPM = Path(__file__).with_name("npm")


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has just started the service with the example for Ollama."""
    folder = tmp_path_factory.mktemp("reader")
    config = folder / "dragoman.toml"
    shutil.copy(ROOT / "examples" / "ollama.toml", config)
    shutil.copytree(ROOT / "examples" / "agents", folder / "agents")
    shared = {"DRAGOMAN__STORE__URL": f"sqlite:///{folder / 'dragoman.db'}", "DRAGOMAN_QUIET": "0"}
    with upstream_in_thread() as upstream:
        own = {
            "DRAGOMAN__PROVIDERS__LOCAL__BASE_URL": f"{upstream.base_url}/v1",
            "DRAGOMAN__PROVIDERS__DEMO__KIND": "demo",
            "DRAGOMAN__PROVIDERS__DEMO__PACE_MS": "1",
            "DRAGOMAN__METRICS__PORT": str(metrics_port := free_port()),
        }
        with running(config, environment={**shared, **own}) as service:
            environment = {**shared, "DRAGOMAN__SERVER__PORT": str(service.port)}
            yield Reader(service, folder / "home", environment=environment, metrics_port=metrics_port)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with what JavaScript examples import; installed once."""
    return npm.node_modules(NPM)
