"""Every feature that goes where somebody other than the operator says, each as a way to a URL."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TypeAlias, cast

import aiohttp
import httpx2
from msgspec import structs

from providers.base import Call
from providers.kinds import KINDS
from service.egress import Bounds, Door
from service.egress.httpx_transport import DoorTransport
from service.engine.vault import Vault
from service.secrets import Sealer
from service.settings import Settings, load_without_secrets
from service.store.credentials import SealedCredential, SqlCredentials
from service.tools.actions.brought import BroughtActions
from service.tools.actions.operations import report_of
from service.tools.actions.tools import ActionTools, Connected
from service.tools.base import RunFacts, ToolOutcome
from service.tools.mcp.servers import McpServers
from service.tools.web_search.backends import Query, Searxng
from service.tools.web_search.searching import Engine, SearchFailed
from specs.actions import ActionSpec, ClientCredentials
from specs.agents import Agent
from specs.errors import DragomanError
from specs.items import FunctionCall, Message, Text
from specs.providers import ProviderSpec
from specs.requests import ModelRequest, RunRequest
from specs.secret import Secret
from specs.tools import McpServer, OpenApiTool

Feature: TypeAlias = Callable[[Door, str], Awaitable[object]]
"""Goes to a URL by a door; what comes of it, or an error, is what its user is told."""
QUICK = Bounds(seconds=5)
LOOK = FunctionCall("fc_1", "call_1", "look", "{}")


class Refused(Exception):
    """It could not be gone there."""


async def by_fetch(door: Door, url: str) -> object:
    """The door itself."""
    return await door.fetch(url)


async def by_session(door: Door, url: str) -> object:
    """A session of the door's, as a library would use it."""
    async with door.session(url).get(url) as response:
        return response.status


async def by_wrong_session(door: Door, url: str) -> object:
    """A session made for another host, by a library that follows redirects by itself."""
    async with door.session("http://93.184.215.14/").get(url) as response:
        return response.status


async def by_httpx(door: Door, url: str) -> object:
    """A library that speaks httpx, and follows redirects."""
    async with httpx2.AsyncClient(transport=DoorTransport(door), follow_redirects=True) as client:
        return await client.get(url)


async def by_action(door: Door, url: str) -> object:
    """An action whose document names this server."""
    return await _act(door, ActionSpec("a", _document(url)))


async def by_action_of_another_server(door: Door, url: str) -> object:
    """An action that whoever uses the document put on this server."""
    return await _act(door, ActionSpec("a", _document("https://named.example/"), server=url))


async def by_token_url(door: Door, url: str) -> object:
    """An action that gets its token here."""
    auth = ClientCredentials(token_url=url, client_id="a", client_secret=Secret("s"))
    return await _act(door, ActionSpec("a", _document("https://93.184.215.14/"), auth=auth))


async def by_action_of_an_agent(door: Door, url: str) -> object:
    """An action that an agent brought along whose maker named this server."""
    spec = ActionSpec("a", _document(url))
    action = report_of(spec).action
    offered = () if action is None else action.operations
    tool = OpenApiTool("a", spec.document.decode(), base=url, offered=offered)
    if not offered:  # it cannot be made; a door has to hold all the same
        told = report_of(ActionSpec("a", _document("https://named.example/"))).action
        assert told is not None
        tool = structs.replace(tool, offered=told.operations)
    with TemporaryDirectory() as folder:
        brought = BroughtActions(Sealer(Path(folder) / "key"), door, bounds=QUICK)
        run = RunFacts("run_1", Agent("a", "demo/m", tools=(tool,)), RunRequest("a", ()), "p", "key_1")
        tools = brought.of(run, beside=())
        assert tools is not None
        return _answer_of(await tools.call(LOOK))


async def by_mcp(door: Door, url: str) -> object:
    """A server of the Model Context Protocol that a caller names."""
    with TemporaryDirectory() as folder:
        servers = McpServers(door, Sealer(Path(folder) / "key"))
        servers.take(_usual_settings())
        request = RunRequest("a", (), hosted=(McpServer("theirs", url),))
        run = RunFacts("run_1", Agent("a", "demo/m"), request, "p", "key_1")
        tools = servers.of(run, beside=())
        assert tools is not None
        try:
            listed = await tools.list_tools("theirs")
        finally:
            await tools.aclose()
            await servers.aclose()
        if listed.error is not None:
            raise Refused(listed.error)
        return listed


async def by_search(door: Door, url: str) -> object:
    """A search engine; the operator's own address, and by the same door."""
    engine = Engine("searxng", Searxng(url), door, QUICK.seconds)
    try:
        return await engine.search(Query("what", 3))
    except SearchFailed as error:
        raise Refused from error


def by_provider(kind: str) -> Feature:
    """A model's provider of this kind at an address that its user brought."""

    async def feature(door: Door, url: str) -> object:
        spec = ProviderSpec("theirs", kind, user_provided=True, user_base_url=True)
        with TemporaryDirectory() as folder:
            vault, _ = _vault(door, url, Path(folder))
            try:
                provider = await vault.provider(spec, project="p", user="u")
                stream = await provider.open(_request(), _call())
            except DragomanError as error:
                raise Refused from error
            await stream.aclose()
            return "answered"

    return feature


def by_probe(kind: str) -> Feature:
    """A check of a credential for such an address."""

    async def feature(door: Door, url: str) -> object:
        spec = ProviderSpec("theirs", kind, user_provided=True, user_base_url=True)
        with TemporaryDirectory() as folder:
            vault, found = _vault(door, url, Path(folder))
            try:
                await vault.check(spec, found)
            except DragomanError as error:
                raise Refused from error
            return "answered"

    return feature


REMOTE = [name for name, kind in KINDS.items() if kind.remote]
FEATURES: dict[str, Feature] = {
    "the door": by_fetch,
    "a session": by_session,
    "a session for another host": by_wrong_session,
    "a library that speaks httpx": by_httpx,
    "an action": by_action,
    "an action on another server": by_action_of_another_server,
    "an action that an agent brought": by_action_of_an_agent,
    "a token for an action": by_token_url,
    "a server of the Model Context Protocol": by_mcp,
    "a search engine": by_search,
    **{f"a provider of the kind {kind}": by_provider(kind) for kind in REMOTE},
    **{f"a check with a provider of the kind {kind}": by_probe(kind) for kind in REMOTE},
}


@cache
def _usual_settings() -> Settings:
    with NamedTemporaryFile(suffix=".toml") as empty:
        return load_without_secrets(Path(empty.name), {})


def _document(server: str) -> bytes:
    paths = {"/": {"get": {"operationId": "look"}}}
    return json.dumps({"openapi": "3.1.0", "servers": [{"url": server}], "paths": paths}).encode()


async def _act(door: Door, spec: ActionSpec) -> object:
    action = report_of(spec).action
    if action is None:
        raise Refused
    tools = ActionTools([Connected(action, door)], door, bounds=QUICK)
    return _answer_of(await tools.call(LOOK))


def _answer_of(outcome: ToolOutcome) -> object:
    if outcome.output is None:
        raise Refused(outcome.error)
    return outcome.output


class _One:
    """A store that has one credential."""

    def __init__(self, found: SealedCredential) -> None:
        self._found = found

    async def find(self, project: str, owner: str, provider: str) -> SealedCredential:
        """That one."""
        return self._found


def _vault(door: Door, url: str, folder: Path) -> tuple[Vault, SealedCredential]:
    sealer = Sealer(folder / "key")
    found = SealedCredential("cred_1", "p", "u", "theirs", url, 1, b"")
    sealed = sealer.seal(b"sk-theirs", about=found.about)
    found = SealedCredential("cred_1", "p", "u", "theirs", url, 1, sealed)
    session = cast("aiohttp.ClientSession", None)  # the operator's, which must not be asked for
    return Vault(cast("SqlCredentials", _One(found)), sealer, door=door, session=session), found


def _request() -> ModelRequest:
    return ModelRequest("m", (Message("msg_1", "user", (Text("Hi"),)),))


def _call() -> Call:
    numbers = count()
    return Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")
