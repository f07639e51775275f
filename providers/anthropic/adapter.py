"""Reaches models over Anthropic's Messages API."""

from __future__ import annotations

from providers.anthropic.decode import MessagesDecoder
from providers.anthropic.encode import encode
from providers.anthropic.families import MessagesProfile, messages_profile
from providers.base import Call
from providers.counting import ask_count
from providers.transport import HTTPModelStream, Upstream
from specs.requests import ModelRequest

VERSION = "2023-06-01"
PATH = "/v1/messages"
_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking"})
"""What the counter takes of a request."""


def headers(api_key: str) -> dict[str, str]:
    """What every request carries, for the `Upstream` to send; no key, no header of it."""
    return ({"x-api-key": api_key} if api_key else {}) | {"anthropic-version": VERSION}


class Anthropic:
    """A `providers.base.Provider`.

    `origin` names the wire and the host: what they signed goes back only there, and only to the
    model that thought it, since a model does not read another's thoughts.
    """

    def __init__(self, name: str, upstream: Upstream, *, origin: str) -> None:
        self.name = name
        self._upstream = upstream
        self._origin = origin

    def profile(self, model: str) -> MessagesProfile:
        """The facts we know of this model."""
        return messages_profile(model)

    async def open(self, request: ModelRequest, call: Call) -> HTTPModelStream:
        """Send the request and wait for the answer's headers.

        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        origin = f"{self._origin}#{request.model}"
        encoded = encode(request, profile=self.profile(request.model), origin=origin)
        decoder = MessagesDecoder(
            call, provider=self.name, model=request.model, origin=origin, warnings=encoded.warnings
        )
        return await self._upstream.open(PATH, encoded.body, decoder)

    async def count_input(self, request: ModelRequest) -> int:
        """The tokens of a request's input, by the API's own counter.

        https://docs.claude.com/en/api/messages-count-tokens
        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        origin = f"{self._origin}#{request.model}"
        encoded = encode(request, profile=self.profile(request.model), origin=origin)
        return await ask_count(self._upstream, f"{PATH}/count_tokens", encoded.body, fields=_COUNTED)

    async def aclose(self) -> None:
        """Nothing to give back: the HTTP session is its maker's."""
