"""Asks a provider whether it takes a credential, as cheaply as it can be asked: for its list of models."""

from __future__ import annotations

import asyncio

import aiohttp

from providers.failures import TRANSPORT_EXCEPTIONS, failure_from_exception, failure_from_response
from providers.kinds import KINDS
from providers.scrubbing import scrubbed
from specs.errors import UpstreamGarbled
from specs.providers import ProviderSpec

MAX_ANSWER = 2**16
"""Bytes of an answer that are looked at; the rest tells nothing more."""


async def probe(spec: ProviderSpec, session: aiohttp.ClientSession) -> None:
    """Returns where the provider lists its models for the spec's credential.

    Raises UpstreamError, which is UpstreamCredentialRefused where it knows no such credential.
    """
    headers = _credential(spec) | {name.lower(): value.reveal() for name, value in spec.headers.items()}
    url = (spec.base_url or "") + KINDS[spec.kind].models_path
    try:
        async with asyncio.timeout(spec.timeouts.connect + spec.timeouts.idle):
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                body = await response.content.read(MAX_ANSWER)
    except TRANSPORT_EXCEPTIONS as error:
        raise failure_from_exception(error) from error
    if not 200 <= response.status < 300:
        raise scrubbed(failure_from_response(response.status, response.headers, body), headers)
    if not body.lstrip().startswith(b"{"):
        raise UpstreamGarbled


def _credential(spec: ProviderSpec) -> dict[str, str]:
    key = spec.api_key.reveal() if spec.api_key else ""
    match spec.kind:
        case "anthropic":
            from providers.anthropic.adapter import headers

            return headers(key)
        case "google":
            from providers.google.adapter import headers

            return headers(key)
        case "azure":
            return {"api-key": key}
        case _:
            beside = {"openai-organization": spec.organization, "openai-project": spec.project}
            own = {name: value for name, value in beside.items() if value}
            return {"authorization": f"Bearer {key}", **own}
