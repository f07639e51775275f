"""Providers are built from their specs, each kind with its own credential header."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from providers.kinds import KINDS
from providers.registry import build_provider, origin
from specs.providers import ProviderSpec
from specs.secret import Secret

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", list(KINDS))
async def test_every_kind_can_be_built(kind: str) -> None:
    spec = ProviderSpec("mine", kind, base_url="http://127.0.0.1:9/v1", api_key=Secret("k"))
    async with aiohttp.ClientSession() as session:
        provider = build_provider(spec, session)
    assert provider.name == "mine"


async def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no provider kind 'x'"):
        build_provider(ProviderSpec("mine", "x"))


def test_the_origin_is_wire_and_host() -> None:
    spec = ProviderSpec("mine", "openai", base_url="http://127.0.0.1:9/v1")
    assert origin(spec, "responses") == "responses:127.0.0.1:9"


def test_an_adapter_is_imported_only_when_built() -> None:
    code = (
        "import sys, providers.registry\n"
        "sys.exit(any(m.startswith('providers.openai') or m == 'aiohttp' for m in sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0
