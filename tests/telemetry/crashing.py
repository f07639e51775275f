"""Crashes everywhere a process can crash, each with what a caller sent in its message and its locals.

Run as `python -m tests.telemetry.crashing FOLDER CANARY`; its log is what is tested.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import httpx

from providers.base import Call
from providers.profiles import Profile
from service.app import open_house
from service.engine.preparing import Preparing
from service.engine.runs import Runs
from service.http.auth import KeyRing
from service.http.edge import Edge
from service.http.routes import create_app
from service.ledger.holds import Ledger
from service.settings import load
from service.store.keys import digest
from service.store.records import KeyRecord
from service.telemetry.logs import on_loop_exception, set_up_logging
from specs.items import Message, Text
from specs.requests import ModelRequest
from tests.support.apis import APIS
from tests.support.money import PRICE, opened
from tests.support.scripted import ScriptedProvider, ScriptedStream, say

CRASHING_KEY = "sk-drg-crashes"
CONFIG = """
[providers.local]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
free = true
[[agents]]
id = "agent_crash"
model = "local/scripted-1"
"""


def prompt_of(request: ModelRequest) -> str:
    """What the caller wrote."""
    (message,) = request.items
    assert isinstance(message, Message)
    (part,) = message.content
    assert isinstance(part, Text)
    return part.text


class Crashing:
    """A provider that crashes with the prompt in its message: at once, or after a word."""

    name = "local"

    def profile(self, model: str) -> Profile:
        return Profile()

    async def open(self, request: ModelRequest, call: Call) -> ScriptedStream:
        prompt = prompt_of(request)
        if prompt.startswith("late"):
            return await ScriptedProvider([*say("One", prompt), KeyError(prompt)]).open(request, call)
        raise ValueError(f"cannot say {prompt!r}")

    async def aclose(self) -> None: ...


class Listening:
    """Stands for the connection a request came in on."""

    on_gone = None
    gone = False
    has_room = False


def fail(content: str) -> NoReturn:
    raise ValueError(content)


async def ask(app: Edge, canary: str) -> None:
    """Every request that crashes."""

    async def on_a_connection(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"connection": Listening()}
        await app(scope, receive, send)

    transport = httpx.ASGITransport(on_a_connection)  # pyright: ignore[reportArgumentType]
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        for api in APIS:
            for prompt in (canary, f"late {canary}"):
                for key in ("sk-drg-known", CRASHING_KEY):
                    await http.post(
                        api.path,
                        headers={"authorization": f"Bearer {key}"},
                        json={**api.body("agent_crash", prompt), "stream": True},
                    )


async def crash_the_loop(canary: str) -> None:
    """What goes wrong outside every request."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(on_loop_exception)
    loop.call_soon(fail, canary)

    async def forgotten() -> None:
        fail(canary)

    task = asyncio.create_task(forgotten())
    await asyncio.sleep(0.01)
    del task
    gc.collect()


class Unraisable:
    def __init__(self, content: str) -> None:
        self.content = content

    def __del__(self) -> None:
        fail(self.content)


async def main(folder: Path, canary: str) -> None:
    config = folder / "dragoman.toml"
    config.write_text(CONFIG)
    settings = load(config, {})
    async with (
        opened(settings.database, unlimited=True) as database,
        open_house(settings) as (house, _),
    ):
        record = await database.keys.get("key_1")

        async def find(found: bytes) -> KeyRecord | None:
            return fail(canary) if found == digest(CRASHING_KEY) else record

        house.keys = KeyRing(find)
        ledger = Ledger(database.books, owner="process_1")
        preparing = Preparing(
            ledger=ledger,
            provider=lambda _: Crashing(),
            price=lambda provider, model, *, service_tier: PRICE,
            compactions=house.state.compactions,
        )
        house.runs = Runs(preparing, ledger=ledger)
        app = create_app(cors_origins=[], max_body_bytes=10**6)
        await ask(Edge(app, house, max_in_flight=9), canary)
    await crash_the_loop(canary)


if __name__ == "__main__":
    set_up_logging()
    content = sys.argv[2]
    asyncio.run(main(Path(sys.argv[1]), content))
    Unraisable(content)
    logging.getLogger("aiohttp").warning("cannot parse %r", content)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {content}")
    crashing = threading.Thread(target=fail, args=(content,))
    crashing.start()
    crashing.join()
    fail(content)
