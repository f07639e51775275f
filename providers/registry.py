"""Builds providers from their specs. An adapter is imported when the first of its kind is built."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from providers.base import Provider
from specs.providers import ProviderSpec

if TYPE_CHECKING:
    import aiohttp

    from providers.transport import Authorize, Upstream


def build_provider(spec: ProviderSpec, session: aiohttp.ClientSession | None = None) -> Provider:
    """Build the provider that a spec describes, over this HTTP session (the built-in one needs none).

    Raises ValueError when its kind is unknown.
    """
    match spec.kind:
        case "demo":
            from providers.demo import Demo

            return Demo(spec.name, pace=spec.pace_ms / 1000)
        case "openai":
            from providers.openai_responses.adapter import OpenAIResponses

            return OpenAIResponses(
                spec.name, _upstream(spec, session, _bearer(spec)), origin=origin(spec, "responses")
            )
        case "azure":
            from providers.openai_responses.adapter import OpenAIResponses

            upstream = _upstream(spec, session, _azure_key(spec), _azure_token(spec, session))
            return OpenAIResponses(spec.name, upstream, origin=origin(spec, "responses"))
        case "openai-compatible":
            from providers.openai_chat.adapter import OpenAIChat

            return OpenAIChat(spec.name, _upstream(spec, session, _bearer(spec)), origin=origin(spec, "chat"))
        case "anthropic":
            from providers.anthropic.adapter import Anthropic, headers

            credential = headers(spec.api_key.reveal() if spec.api_key else "")
            return Anthropic(spec.name, _upstream(spec, session, credential), origin=origin(spec, "messages"))
        case "google":
            from providers.google.adapter import Gemini
            from providers.google.adapter import headers as google_headers

            credential = google_headers(spec.api_key.reveal() if spec.api_key else "")
            return Gemini(spec.name, _upstream(spec, session, credential), origin=origin(spec, "gemini"))
        case _:
            raise ValueError(f"there is no provider kind {spec.kind!r}")


def origin(spec: ProviderSpec, wire: str) -> str:
    """The wire and host that sealed or signed reasoning is marked with, and returns to."""
    return f"{wire}:{urlsplit(spec.base_url or '').netloc}"


def _bearer(spec: ProviderSpec) -> dict[str, str]:
    headers = {
        "openai-organization": spec.organization,
        "openai-project": spec.project,
        "authorization": f"Bearer {spec.api_key.reveal()}" if spec.api_key else None,
    }
    return {name: value for name, value in headers.items() if value}


def _azure_key(spec: ProviderSpec) -> dict[str, str]:
    return {"api-key": spec.api_key.reveal()} if spec.api_key else {}


def _azure_token(spec: ProviderSpec, session: aiohttp.ClientSession | None) -> Authorize | None:
    if spec.entra is None or session is None:
        return None
    from providers.entra import EntraToken

    return EntraToken(session, spec.entra)


def _upstream(
    spec: ProviderSpec,
    session: aiohttp.ClientSession | None,
    credential: dict[str, str],
    authorize: Authorize | None = None,
) -> Upstream:
    from providers.transport import Timeouts, Upstream

    if session is None or spec.base_url is None:
        raise ValueError(f"the provider {spec.name!r} needs an HTTP session and an address")
    own = {name: value.reveal() for name, value in spec.headers.items()}
    timeouts = spec.timeouts
    return Upstream(
        session,
        spec.base_url,
        {**credential, **own},
        Timeouts(timeouts.connect, timeouts.first_byte, timeouts.idle),
        authorize=authorize,
    )
