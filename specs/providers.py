"""How a provider is configured, as data: what the registry builds one from."""

from __future__ import annotations

from msgspec import Struct

from specs.secret import Secret


class Timeouts(Struct, frozen=True):
    """Seconds an upstream may take."""

    connect: float = 5.0
    """Until the connection stands."""
    first_byte: float = 120.0
    """From the request sent to the first byte of the answer."""
    idle: float = 60.0
    """Between two pieces of the answer."""


class Entra(Struct, frozen=True):
    """A service's identity at Microsoft Entra, in place of an API key."""

    tenant_id: str
    client_id: str
    client_secret: Secret
    scope: str = "https://cognitiveservices.azure.com/.default"
    authority: str = "https://login.microsoftonline.com"


class ProviderSpec(Struct, frozen=True):
    """One provider of the configuration, ready to be built."""

    name: str
    kind: str
    base_url: str | None = None
    """None is the kind's own address, where it has one."""
    api_key: Secret | None = None
    headers: dict[str, Secret] = {}
    """Sent with every request; values do not print, as some are credentials."""
    entra: Entra | None = None
    organization: str | None = None
    project: str | None = None
    timeouts: Timeouts = Timeouts()
    pace_ms: int = 15
    """Milliseconds between two words; only the built-in stand-in paces itself."""
