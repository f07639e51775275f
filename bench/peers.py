"""Published gateways in front of the same mock, where they are installed: nothing here installs them.

They are looked for in one folder, each in an environment of its own:

- LiteLLM's proxy as `litellm/bin/litellm` (a virtual environment with `litellm[proxy]`);
- Portkey's gateway in `portkey/node_modules` (`npm install @portkey-ai/gateway`).

Both pass requests of Chat Completions on, without a database: nothing is held, settled or stored.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from bench.processes import Child, free_port
from bench.subjects import Subject

FOLDER = "DRAGOMAN_BENCH_PEERS"
"""The environment variable that names the folder."""
STARTING = 120.0
"""Seconds; importing LiteLLM takes a while."""
CONFIG = """\
model_list:
  - model_name: bench
    litellm_params: {{model: openai/bench, api_base: "http://127.0.0.1:{upstream}/v1", api_key: none}}
litellm_settings: {{telemetry: false, num_retries: 0}}
"""
_GATEWAY = Path("portkey/node_modules/@portkey-ai/gateway")

Start: TypeAlias = Callable[[Path, Subject, Path], AbstractContextManager[Subject]]


class Peer(Struct, frozen=True):
    """One of them."""

    name: str
    file: Path
    """What has to be there, in the folder of them all."""
    start: Start
    """From the folder, the upstream, and where to put what it needs."""


@contextmanager
def litellm(folder: Path, upstream: Subject, work: Path) -> Iterator[Subject]:
    """LiteLLM's proxy, with one worker and its default options; it asks for one key, its master's."""
    port, config = free_port(), work / "litellm.yaml"
    config.write_text(CONFIG.format(upstream=upstream.port))
    options = ("--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
    command = [str(folder / LITELLM.file), *options]
    key = f"sk-{secrets.token_hex(32)}"
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": key}
    with Child(
        command, port=port, ready="/health/liveliness", environment=environment, patience=STARTING
    ) as child:
        version = version_of(folder / "litellm/lib", "*/site-packages/litellm-*.dist-info")
        yield Subject(
            f"litellm {version}",
            port,
            child.pid,
            child.ready_after,
            headers={"authorization": f"Bearer {key}"},
            models="",
            apis=("chat",),
        )


@contextmanager
def portkey(folder: Path, upstream: Subject, work: Path) -> Iterator[Subject]:
    """Portkey's gateway on Node; it is told in headers where to go."""
    port = free_port()
    command = ["node", str(folder / PORTKEY.file), f"--port={port}", "--headless"]
    headers = {
        "authorization": "Bearer none",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream.port}/v1",
    }
    with Child(command, port=port, patience=STARTING) as child:
        version = json.loads((folder / _GATEWAY / "package.json").read_text())["version"]
        yield Subject(
            f"portkey {version}",
            port,
            child.pid,
            child.ready_after,
            headers=headers,
            models="",
            apis=("chat",),
        )


def version_of(folder: Path, pattern: str) -> str:
    """The version that the name of a package's metadata ends with."""
    found = next(iter(folder.glob(pattern)), None)
    return found.name.removesuffix(".dist-info").rpartition("-")[2] if found else "?"


LITELLM = Peer("LiteLLM", Path("litellm/bin/litellm"), litellm)
PORTKEY = Peer("Portkey", _GATEWAY / "build/start-server.js", portkey)
PEERS = (LITELLM, PORTKEY)
