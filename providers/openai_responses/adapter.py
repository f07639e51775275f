"""The provider behind `kind = "openai"`: a Responses API, over one `Upstream`."""

from __future__ import annotations

from providers.base import Call, ModelStream
from providers.counting import ask_count
from providers.openai_responses.decode import ResponsesDecoder
from providers.openai_responses.encode import encode
from providers.openai_responses.profile import ResponsesProfile, responses_profile
from providers.transport import Upstream
from specs.requests import ModelRequest

_COUNTED = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "parallel_tool_calls"}
)
"""What the counter takes of a request."""


class OpenAIResponses:
    """A `providers.base.Provider`. The session of its upstream belongs to whoever made it."""

    def __init__(self, name: str, upstream: Upstream, *, origin: str) -> None:
        self.name = name
        self._upstream = upstream
        self._origin = origin
        """The wire and host, `responses:api.openai.com`: reasoning is replayed only to where it came from."""

    def profile(self, model: str) -> ResponsesProfile:
        """The facts we know of this model."""
        return responses_profile(model)

    async def open(self, request: ModelRequest, call: Call) -> ModelStream:
        """Send the request; exactly one try.

        Raises `specs.errors.UpstreamError` when the upstream refuses or cannot be reached.
        """
        encoded = encode(request, profile=self.profile(request.model), origin=self._origin)
        decoder = ResponsesDecoder(
            call,
            provider=self.name,
            model=request.model,
            origin=self._origin,
            warnings=encoded.warnings,
        )
        return await self._upstream.open("/responses", encoded.body, decoder)

    async def count_input(self, request: ModelRequest) -> int:
        """The tokens of a request's input, by the API's own counter.

        https://platform.openai.com/docs/api-reference/responses/input-tokens
        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        encoded = encode(request, profile=self.profile(request.model), origin=self._origin)
        return await ask_count(self._upstream, "/responses/input_tokens", encoded.body, fields=_COUNTED)

    async def aclose(self) -> None:
        """Nothing to give back: connections are the session's."""
