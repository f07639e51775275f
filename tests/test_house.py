"""The walls of the house: who may import whom, who may name a vendor, and what is pinned how."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
VENDOR = re.compile(
    r"\b(openai|anthropic|gemini|google|azure|mistral|groq|ollama|claude|gpt|deepseek)\b", re.I
)
NAMED_AFTER_AN_API = ("service/dialects/",)
"""Rooms that are named after an outward API, and so may name it."""


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_flow_one_way():
    run(str(BIN / "lint-imports"), "--no-cache")


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_the_code_is_linted_and_formatted(command):
    run(str(BIN / "ruff"), *command, ".")


def test_the_types_hold():
    run(str(BIN / "basedpyright"))


def code_lines(path: Path) -> list[str]:
    """The lines without imports, docstrings and comments, where a name would decide something."""
    text = re.sub(r'"""(?:.|\n)*?"""', "", path.read_text())
    lines = [line.split("  # ")[0] for line in text.splitlines()]
    return [line for line in lines if not re.match(r"\s*(#|from |import )", line)]


def test_no_vendor_is_named_outside_providers():
    named = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "service").rglob("*.py"))
        if not str(path.relative_to(ROOT)).startswith(NAMED_AFTER_AN_API)
        for line in code_lines(path)
        if VENDOR.search(line)
    ]
    assert named == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_by_hash_and_name_no_index(lock):
    text = (ROOT / lock).read_text()
    assert "--index-url" not in text
    assert "http" not in re.sub(r"(?m)^\s*#.*$|^[a-z0-9.-]*http[a-z0-9.-]*==.*$", "", text)
    pinned = re.findall(r"(?m)^[a-z0-9][^\s=]*==\S+ (\\)$", text)
    assert len(pinned) == len(re.findall(r"(?m)^[a-z0-9]", text))
    assert text.count("--hash=sha256:") >= len(pinned)


def test_the_server_starts_without_the_heavy_libraries():
    heavy = ("openai", "anthropic", "tiktoken", "genai_prices", "pydantic", "cryptography")
    code = f"import sys, service.app; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
