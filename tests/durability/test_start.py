"""Starts that go wrong: killed at any moment, or on a database that cannot be written."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.durability.faults import locked
from tests.support.patience import PATIENCE
from tests.support.processes import ROOT, Service, command

CONFIG = '[store]\nurl = "sqlite:///data/books.db"\n'
DROP_FROM_BOUNDING_SET, OVERRIDE_PERMISSIONS = 24, 1
"""prctl(2), capabilities(7): without this capability permissions bind root too."""


KILLED_AFTER = (0.35, 0.5, 0.65, 0.8)
"""Seconds; a first start takes about one."""


def obey_permissions() -> None:
    """In a child before it runs its program."""
    if os.getuid() == 0:
        ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, OVERRIDE_PERMISSIONS)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service that has run before."""
    config = tmp_path / "dragoman.toml"
    config.write_text(CONFIG)
    service = Service(config)
    service.start()
    service.kill()
    return service


def start(service: Service) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command("serve", config=service.config),
        cwd=ROOT,
        env=service.environment(),
        preexec_fn=obey_permissions,
        capture_output=True,
        timeout=PATIENCE,
    )


def read_only_folder(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o400)
    folder.chmod(0o500)


def read_only_lock(folder: Path) -> None:
    (folder / "books.db.lock").chmod(0o400)


@pytest.mark.parametrize("spoil", [read_only_folder, read_only_lock])
def test_a_start_that_cannot_write_ends_and_says_so(service: Service, spoil: Callable[[Path], None]) -> None:
    folder = service.config.parent / "data"
    spoil(folder)
    ended = start(service)
    folder.chmod(0o700)
    assert ended.returncode == 1
    assert b"Error: The database cannot be written" in ended.stderr
    assert b"crashed" not in ended.stderr


def test_a_start_on_a_locked_database_ends_and_says_so(service: Service) -> None:
    with locked(service.config.parent / "data" / "books.db", 0):
        ended = start(service)
    assert ended.returncode == 1
    assert b"Error: The database cannot be written" in ended.stderr
    service.start()
    assert service.stop() == 0


@pytest.mark.parametrize("seconds", KILLED_AFTER)
def test_a_first_start_that_is_killed_can_be_made_again(tmp_path: Path, seconds: float) -> None:
    config = tmp_path / "dragoman.toml"
    config.write_text(CONFIG)
    service = Service(config)
    service.spawn()
    time.sleep(seconds)
    service.kill()
    service.start()
    secret = (tmp_path / "data" / "admin.key").read_text().strip()
    assert service.stop() == 0
    assert b"admin" in service.run("keys", "list")
    assert secret.startswith("sk-drg-admin-")
