"""Asking a provider how many tokens a request has, where it has a counter: the request as it would be
sent, without what a counter does not take."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

import msgspec
from msgspec import Raw, Struct

from providers.transport import Upstream
from specs.errors import UpstreamGarbled
from specs.requests import ModelRequest


@runtime_checkable
class InputCounter(Protocol):
    """A provider that counts input without running a model."""

    async def count_input(self, request: ModelRequest) -> int:
        """The tokens of a request's input.

        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        ...


class _Counted(Struct, frozen=True):
    input_tokens: int


_fields = msgspec.json.Decoder(dict[str, Raw])
_counted = msgspec.json.Decoder(_Counted)


async def ask_count(upstream: Upstream, path: str, body: bytes, *, fields: Collection[str]) -> int:
    """Send these fields of a request's body to a counter.

    Raises UpstreamError.
    """
    asked = {name: value for name, value in _fields.decode(body).items() if name in fields}
    answer = await upstream.ask(path, msgspec.json.encode(asked))
    try:
        return _counted.decode(answer).input_tokens
    except msgspec.DecodeError as error:
        raise UpstreamGarbled from error
