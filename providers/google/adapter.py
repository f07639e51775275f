"""Reaches Gemini models over `generateContent`."""

from __future__ import annotations

import msgspec

from providers.base import Call
from providers.google.decode import GeminiDecoder
from providers.google.encode import encode
from providers.google.families import GeminiProfile, gemini_profile
from providers.google.wire import CountedTokens
from providers.transport import HTTPModelStream, Upstream
from specs.errors import UpstreamGarbled
from specs.requests import ModelRequest

_counted = msgspec.json.Decoder(CountedTokens)


def headers(api_key: str) -> dict[str, str]:
    """What every request carries, for the `Upstream` to send; no key, no header of it."""
    return {"x-goog-api-key": api_key} if api_key else {}


class Gemini:
    """A `providers.base.Provider`. `origin` names the wire and the host: what they signed goes back only
    there, and only to the model that thought it."""

    def __init__(self, name: str, upstream: Upstream, *, origin: str) -> None:
        self.name = name
        self._upstream = upstream
        self._origin = origin

    def profile(self, model: str) -> GeminiProfile:
        """The facts we know of this model."""
        return gemini_profile(model)

    async def open(self, request: ModelRequest, call: Call) -> HTTPModelStream:
        """Send the request and wait for the answer's headers.

        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        origin = f"{self._origin}#{request.model}"
        profile = self.profile(request.model)
        encoded = encode(request, profile=profile, origin=origin)
        decoder = GeminiDecoder(
            call,
            provider=self.name,
            model=request.model,
            origin=origin,
            warnings=encoded.warnings,
            search_once=profile.search_once,
        )
        path = f"{_path(request.model)}:streamGenerateContent?alt=sse"
        return await self._upstream.open(path, encoded.body, decoder)

    async def count_input(self, request: ModelRequest) -> int:
        """The tokens of a request's input, by the API's own counter.

        https://ai.google.dev/api/tokens#method:-models.counttokens
        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        origin = f"{self._origin}#{request.model}"
        encoded = encode(request, profile=self.profile(request.model), origin=origin)
        model = msgspec.json.encode(_path(request.model)[1:])
        asked = b'{"generateContentRequest":{"model":%b,%b}' % (model, encoded.body[1:])
        answer = await self._upstream.ask(f"{_path(request.model)}:countTokens", asked)
        try:
            return _counted.decode(answer).total_tokens
        except msgspec.DecodeError as error:
            raise UpstreamGarbled from error

    async def aclose(self) -> None:
        """Nothing to give back: the HTTP session is its maker's."""


def _path(model: str) -> str:
    """A model's place under the base URL; one that names its collection has it there."""
    return f"/{model}" if "/" in model else f"/models/{model}"
