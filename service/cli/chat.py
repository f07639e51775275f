"""`dragoman chat AGENT`: a small conversation with the running service, over its own API."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import click
import msgspec
from msgspec import Struct

from service.cli.common import config_option, expected_failures, fail, read_store_settings

KEY_VARIABLE = "DRAGOMAN_API_KEY"


class ChatFailed(Exception):
    """The service refused, or cannot be reached."""


class _Delta(Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None


class _Choice(Struct, frozen=True):
    delta: _Delta = _Delta()


class _Error(Struct, frozen=True):
    message: str = "The answer failed."


class _Chunk(Struct, frozen=True):
    choices: tuple[_Choice, ...] = ()
    error: _Error | None = None


class _Said(Struct, frozen=True):
    role: str
    content: str


_chunk = msgspec.json.Decoder(_Chunk)


@click.command()
@click.argument("agent")
@click.option("--key", envvar=KEY_VARIABLE, help=f"The API key to use (default: ${KEY_VARIABLE}).")
@click.option("--url", help="Where the service is (default: as configured).")
@click.option("--message", "-m", help="Say this, print the answer and leave.")
@config_option
@expected_failures
def chat(agent: str, key: str | None, url: str | None, message: str | None, config: Path | None) -> None:
    """Talk to an agent of the running service; an empty line or Ctrl-D ends it."""
    if not key:
        raise click.UsageError(f"name a key with --key or {KEY_VARIABLE}; `dragoman keys create` makes one")
    talk = Talk(url or _address(config), key, agent)
    try:
        asyncio.run(talk.say(message) if message else _converse(talk))
    except ChatFailed as error:
        fail(str(error))


class Talk:
    """One conversation."""

    def __init__(self, url: str, key: str, agent: str) -> None:
        self._url = f"{url.rstrip('/').removesuffix('/v1')}/v1/chat/completions"
        self._key = key
        self._agent = agent
        self._said: list[_Said] = []

    async def say(self, message: str) -> None:
        """Say something and print the answer as it comes. Raises ChatFailed."""
        self._said.append(_Said("user", message))
        answer = ""
        async for text in self._answer():
            answer += text
            click.echo(text, nl=False)
        click.echo()
        self._said.append(_Said("assistant", answer))

    async def _answer(self) -> AsyncIterator[str]:
        body = msgspec.json.encode({"model": self._agent, "messages": self._said, "stream": True})
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, data=body, headers=headers) as response,
            ):
                if response.status != 200:
                    raise ChatFailed(_message(await response.read()))
                async for line in response.content:
                    for text in _words(line):
                        yield text
        except aiohttp.ClientError as error:
            raise ChatFailed(
                f"{self._url} cannot be reached ({error}). Is `dragoman serve` running?"
            ) from error


def _address(config: Path | None) -> str:
    server = read_store_settings(config).server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)
    return f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"


async def _converse(talk: Talk) -> None:
    while True:
        try:
            message = await asyncio.to_thread(_listen)
        except EOFError:
            return
        if not message.strip():
            return
        await talk.say(message)


def _listen() -> str:
    return input("> " if sys.stdin.isatty() else "")


def _message(body: bytes) -> str:
    try:
        return (_chunk.decode(body).error or _Error()).message
    except msgspec.MsgspecError:
        return "The service answered with something that is no JSON."


def _words(line: bytes) -> list[str]:
    """The text in one line of the stream. Raises ChatFailed where it tells a failure."""
    data = line.strip().removeprefix(b"data:").strip()
    if not line.startswith(b"data:") or data == b"[DONE]":
        return []
    chunk = _chunk.decode(data)
    if chunk.error is not None:
        raise ChatFailed(chunk.error.message)
    return [choice.delta.content or choice.delta.refusal or "" for choice in chunk.choices]
