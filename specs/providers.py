"""How a provider is configured, as data: what the registry builds one from."""

from __future__ import annotations

from fnmatch import fnmatchcase

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
    user_provided: bool = False
    """Each project or user reaches it with a credential of their own."""
    user_base_url: bool = False
    """Such a credential may name another address."""
    allow_models: tuple[str, ...] = ()
    """Patterns of the models that may be used; none is every one."""
    deny_models: tuple[str, ...] = ()
    """Patterns of those that may not; goes before `allow_models`."""

    def serves(self, model: str) -> bool:
        """Whether this model of the provider's may be used."""
        if any(fnmatchcase(model, pattern) for pattern in self.deny_models):
            return False
        return not self.allow_models or any(fnmatchcase(model, pattern) for pattern in self.allow_models)
