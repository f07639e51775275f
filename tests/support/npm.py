"""What JavaScript tests import: installed once, on demand, beside the package.json that names it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

_INSTALL = ("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")


def node_modules(folder: Path, *, seconds: float = 90.0) -> Path:
    """The folder's `node_modules` with what its package.json names; skips the test, saying why, without."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed (Debian: apt-get install nodejs npm)")
    wanted = msgspec.json.decode((folder / "package.json").read_bytes())["dependencies"]
    modules = folder / "node_modules"
    pinned = {name: version.rpartition("@")[2] for name, version in wanted.items()}  # npm:openai@7.55.0
    there = {name: _version(modules / name) for name in wanted}
    if there != pinned and (why := _install(folder, seconds=seconds)):
        names = ", ".join(f"{name} {version}" for name, version in wanted.items())
        pytest.skip(f"npm could not install {names}; run `npm install` in {folder}: {why}")
    return modules


def _version(package: Path) -> str | None:
    description = package / "package.json"
    return msgspec.json.decode(description.read_bytes())["version"] if description.is_file() else None


def _install(folder: Path, *, seconds: float) -> str | None:
    """Install what package.json names; says why when that is not possible."""
    try:
        done = subprocess.run(_INSTALL, cwd=folder, capture_output=True, text=True, timeout=seconds)
    except (subprocess.TimeoutExpired, OSError) as error:
        return str(error)
    return (done.stderr or "it failed")[-300:] if done.returncode else None
