"""Clients that are processes of their own: told where the service is, their output read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.support.patience import PATIENCE
from tests.support.upstream import Upstream


class Served(Struct, frozen=True):
    """Where the service is, the key for it, and the upstream behind its models."""

    base_url: str
    key: str
    upstream: Upstream
    log: Path
    """What the service printed so far."""


class Node(Struct, frozen=True):
    """Runs one check of a script in its folder; what it prints is JSON."""

    served: Served
    folder: Path

    def check(self, script: str, name: str, *arguments: str) -> Any:
        """What the check of this name found."""
        printed = run("node", script, name, *arguments, served=self.served, cwd=self.folder)
        return json.loads(printed)


def run(*command: str, served: Served, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a client that is told where the service is; gives what it printed."""
    told = {"DRAGOMAN_URL": served.base_url, "DRAGOMAN_API_KEY": served.key, "AI_SDK_LOG_WARNINGS": "false"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **told, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
