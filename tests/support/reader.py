"""A reader of the documentation at work: a running service, its first key, a shell with the commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.support.documents import ROOT
from tests.support.patience import PATIENCE
from tests.support.processes import Service

DOCUMENTED_URL = "http://127.0.0.1:8484"
DOCUMENTED_METRICS_URL = "http://127.0.0.1:9464"


class Reader:
    """Does what the documentation says, in a folder of its own for each page."""

    def __init__(
        self, service: Service, home: Path, *, environment: Mapping[str, str], metrics_port: int
    ) -> None:
        self.service = service
        self.base_url = service.base_url
        self.key = _first_key(service)
        self._home = home
        self._metrics_url = f"http://127.0.0.1:{metrics_port}"
        self._environment = environment
        _put_commands(home / "bin", service)

    def folder(self, page: str) -> Path:
        """The folder in which the examples of a page are tried, one after the other."""
        folder = self._home / page.replace("/", "-")
        if not folder.exists():
            (folder / ".venv").mkdir(parents=True)
            (folder / ".venv" / "bin").symlink_to(self._home / "bin")
            (folder / "examples").symlink_to(ROOT / "examples")
        return folder

    def environment(self) -> dict[str, str]:
        """A shell's environment in which `dragoman` and `make` are at hand and the key is known."""
        path = f"{self._home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN")}
        return {**inherited, **self._environment, "PATH": path, "DRAGOMAN_API_KEY": self.key}

    def run(self, *command: str, page: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a page's folder."""
        return subprocess.run(
            command,
            cwd=self.folder(page),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
        )

    def spare_key(self) -> tuple[str, str]:
        """(id, secret) of a new key with a balance of 10 dollars."""
        printed = self.service.run("keys", "create", "--name", "spare", "--balance", "10", "--json")
        made = msgspec.json.decode(printed)
        return made["id"], made["key"]

    def fill_in(self, text: str) -> str:
        """An example with this service's address and keys in place of the documented ones."""
        text = text.replace(DOCUMENTED_URL, self.base_url).replace("sk-drg-…", self.key)
        text = text.replace(DOCUMENTED_METRICS_URL, self._metrics_url)
        return text.replace("key_…", self.spare_key()[0]) if "key_…" in text else text


def _first_key(service: Service) -> str:
    printed = service.log.read_text()
    found = re.search(r"sk-drg-[a-z0-9]+", printed)
    assert found is not None, f"the first start printed no key:\n{printed}"
    return found[0]


def _put_commands(folder: Path, service: Service) -> None:
    """`dragoman`, and a `make` that only tries: for `run` it shows what this service's start printed."""
    folder.mkdir(parents=True)
    _script(folder / "dragoman", f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m service "$@"')
    dry_run = f'"{shutil.which("make")}" --dry-run --directory "{ROOT}" "$@" > /dev/null'
    printed = f"sed '/^{{/,$d' \"{service.log}\""
    _script(folder / "make", f'set -e\n{dry_run}\nif [ "$1" = run ]; then {printed}; fi')


def _script(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
