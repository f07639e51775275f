"""`OpenAIChat`: any server that speaks Chat Completions, as a provider."""

from __future__ import annotations

from providers.base import Call
from providers.endpoints import chat_profile
from providers.openai_chat.decode import ChatDecoder
from providers.openai_chat.encode import encode
from providers.openai_chat.profile import ChatProfile
from providers.transport import HTTPModelStream, Upstream
from specs.requests import ModelRequest

PATH = "/chat/completions"


class OpenAIChat:
    """A `providers.base.Provider`. The session behind `upstream` belongs to whoever made it.

    `origin` is the wire and host that its reasoning is marked with, and returns to.
    """

    def __init__(self, name: str, upstream: Upstream, *, origin: str) -> None:
        self.name = name
        self._upstream = upstream
        self._origin = origin

    def profile(self, model: str) -> ChatProfile:
        """The facts we know of this model at this endpoint."""
        return chat_profile(model, self._upstream.base_url, name=self.name)

    async def open(self, request: ModelRequest, call: Call) -> HTTPModelStream:
        """Send the request and wait for the answer's headers.

        Raises UpstreamError when the upstream refuses or cannot be reached.
        """
        profile = self.profile(request.model)
        encoded = encode(request, profile=profile, origin=self._origin)
        decoder = ChatDecoder(
            call,
            provider=self.name,
            model=request.model,
            origin=self._origin,
            think_tags=profile.think_tags,
            warnings=encoded.warnings,
        )
        return await self._upstream.open(PATH, encoded.body, decoder)

    async def aclose(self) -> None:
        """Nothing to give back: the session is shared."""
