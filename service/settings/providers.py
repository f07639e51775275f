"""Provider rows into what the registry builds providers from, and their prices."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from providers.kinds import KINDS, READY
from service.settings.model import Pricing, Settings
from service.settings.problems import unknown
from service.settings.rows import PriceRow, ProviderRow
from service.settings.secrets import Resolver, header_resolver
from specs.prices import Price, Rates
from specs.providers import Entra, ProviderSpec
from specs.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
USER_PROVIDED = "user_provided"
"""What stands for `api_key` where each project or user brings one."""
Note = Callable[[str, str], object]
"""Notes (path, what is wrong)."""


def ready_rows(rows: Mapping[str, ProviderRow], environ: Mapping[str, str]) -> dict[str, ProviderRow]:
    """The providers that are there without being configured: the built-in one, and those whose
    customary variable holds a credential."""
    found = {}
    for ready in READY:
        key = environ.get(ready.variable) if ready.variable else None
        if ready.provider not in rows and (key or ready.variable is None):
            found[ready.provider] = ProviderRow(kind=ready.kind, api_key=Secret(key) if key else None)
    return found


def to_spec(name: str, row: ProviderRow, resolve: Resolver, note: Note) -> ProviderSpec | None:
    """The provider that a row describes; None when it is not usable, which has then been noted."""
    path = f"providers.{name}"
    problems = list(_wrong(name, row))
    headers: dict[str, Secret] = {}
    for header, value in row.headers.items():
        try:
            headers[header] = _header(header, value, header_resolver(resolve))
        except ValueError as error:
            problems.append((f'headers."{header}"', str(error)))
    for key, what in problems:
        note(f"{path}.{key}" if key else path, what)
    if problems:
        return None
    return ProviderSpec(
        name=name,
        kind=row.kind,
        base_url=_address(row),
        api_key=None if row.api_key == USER_PROVIDED else row.api_key,
        headers=headers,
        entra=_entra(row),
        organization=row.organization,
        project=row.project,
        timeouts=row.timeouts,
        pace_ms=row.pace_ms,
        user_provided=row.api_key == USER_PROVIDED,
        user_base_url=row.user_base_url,
        allow_models=row.allow_models,
        deny_models=row.deny_models,
    )


def check_served(settings: Settings, note: Note) -> None:
    """Note every agent on a model that the lists of its provider leave out."""
    known = {spec.name: spec for spec in settings.providers}
    for agent in settings.agents:
        provider, _, model = agent.model.partition("/")
        spec = known.get(provider)
        if spec is not None and not spec.serves(model):
            lists = "deny_models" if spec.deny_models else "allow_models"
            note(
                f"providers.{provider}.{lists}", f"leaves out {model!r}, the model of the agent {agent.id!r}"
            )


def to_pricing(name: str, row: ProviderRow) -> Pricing:
    """What the operator said about this provider's prices."""
    built_in = KINDS[row.kind].rates
    fallback = Rates(input=Decimal(0), output=Decimal(0)) if row.free else built_in
    return Pricing(
        base_url=_address(row) or "",
        prices=tuple(price for model, rates in row.prices.items() for price in _prices(name, model, rates)),
        free=row.free,
        fallback=None if fallback is None else Price(name, "*", fallback),
    )


def _prices(name: str, model: str, row: PriceRow) -> list[Price]:
    """A model's price, and those of its other classes of service."""
    usual = Rates(**{field: getattr(row, field) for field in Rates.__struct_fields__})
    tiers = row.service_tiers.items()
    return [
        Price(name, model, usual),
        *(Price(name, model, rates, service_tier=tier) for tier, rates in tiers),
    ]


def _entra(row: ProviderRow) -> Entra | None:
    entra = row.entra
    return None if entra is None else Entra(entra.tenant_id, entra.client_id, entra.client_secret)


def _address(row: ProviderRow) -> str | None:
    address = row.base_url or KINDS[row.kind].base_url
    return address.rstrip("/") if address else None


def _wrong(name: str, row: ProviderRow) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if not _NAME.fullmatch(name):
        found.append(("", "a provider's name may hold only letters, digits, '.', '_' and '-'"))
    kind = KINDS.get(row.kind)
    if kind is None:
        return [*found, ("kind", f"{row.kind!r} is {unknown(row.kind, KINDS)}")]
    if row.base_url is None and kind.base_url is None and kind.remote and not row.user_base_url:
        found.append(("base_url", f"is required for kind {row.kind!r}"))
    if row.user_base_url and row.api_key != USER_PROVIDED:
        found.append(("user_base_url", 'needs api_key = "user_provided"; yours goes nowhere else'))
    if row.api_key == USER_PROVIDED and not kind.remote:
        found.append(("api_key", f"kind {row.kind!r} takes none"))
    if row.base_url is not None and not _is_address(row.base_url):
        found.append(("base_url", f"{row.base_url!r} must be an http or https address"))
    if row.api_key is None and kind.needs_key:
        found.append(("api_key", f"is required for kind {row.kind!r}"))
    if row.entra is not None and not kind.takes_identity:
        found.append(("entra", f"kind {row.kind!r} takes none"))
    if kind.takes_identity and (row.api_key is None) == (row.entra is None):
        found.append(("api_key", f"give either `api_key` or [providers.{name}.entra] for kind {row.kind!r}"))
    return found


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _header(name: str, value: str, resolve: Resolver) -> Secret:
    if not _HEADER.fullmatch(name):
        raise ValueError("is no valid header name")
    secret = resolve(value)
    if not secret.reveal().isprintable():
        raise ValueError("a header's value may hold no control characters")
    return secret
