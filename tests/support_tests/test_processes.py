"""The service as a real process: it gets ready, survives a kill, and stops when told."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.support.processes import NotReady, Service, is_ready, running

CONFIG = '[store]\nurl = "sqlite:///books.db"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "dragoman.toml"
    file.write_text(CONFIG)
    return file


def test_a_service_is_ready_answers_a_key_and_stops(config: Path) -> None:
    with running(config) as service:
        asked = urllib.request.Request(f"{service.base_url}/v1/models")
        asked.add_header("authorization", f"Bearer {service.create_key()}")
        with urllib.request.urlopen(asked, timeout=5) as answer:
            assert answer.status == 200
    assert not is_ready(service.base_url)


def test_a_killed_service_can_be_started_again(config: Path) -> None:
    service = Service(config)
    service.start()
    service.kill()
    assert not service.is_running()
    service.start()
    service.stop()
    assert not service.is_running()


def test_a_service_that_ends_at_once_says_why(config: Path) -> None:
    config.write_text("[stores]\n")
    with pytest.raises(NotReady, match="stores"):
        Service(config).start()
