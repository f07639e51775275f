"""The kinds of provider an operator can configure, and the ready ones, as rows. Imports nothing heavy."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from specs.prices import Rates


class Kind(Struct, frozen=True):
    """One `kind` of the configuration."""

    base_url: str | None = None
    """Where it is reached unless configured otherwise."""
    remote: bool = True
    """False: it runs inside this process."""
    needs_key: bool = False
    takes_identity: bool = False
    """An identity at Microsoft Entra will do in place of a key."""
    models_path: str = "/models"
    """Where it lists its models: the cheapest thing to ask for with a credential."""
    rates: Rates | None = None
    """What every model of the kind costs where nobody said otherwise."""


class Ready(Struct, frozen=True):
    """A provider that is there without being configured, with one agent on it."""

    provider: str
    kind: str
    variable: str | None
    """The environment variable that switches it on with its credential; None: always on."""
    agent: str
    model: str
    name: str
    description: str


KINDS: dict[str, Kind] = {
    "openai": Kind(base_url="https://api.openai.com/v1", needs_key=True),
    "openai-compatible": Kind(),
    "anthropic": Kind(base_url="https://api.anthropic.com", needs_key=True, models_path="/v1/models"),
    "google": Kind(base_url="https://generativelanguage.googleapis.com/v1beta", needs_key=True),
    "azure": Kind(takes_identity=True),
    "demo": Kind(remote=False, rates=Rates(input=Decimal("0.10"), output=Decimal("0.40"))),
}

READY = (
    Ready(
        "demo",
        "demo",
        None,
        "agent_demo",
        "demo-1",
        "Demo",
        "An offline stand-in, no language model: shows streaming, tools, failures and the accounting.",
    ),
    Ready(
        "openai",
        "openai",
        "OPENAI_API_KEY",
        "agent_openai",
        "gpt-6.1-terra",
        "OpenAI",
        "A plain agent on OpenAI.",
    ),
    Ready(
        "anthropic",
        "anthropic",
        "ANTHROPIC_API_KEY",
        "agent_anthropic",
        "claude-sonnet-5-5",
        "Anthropic",
        "A plain agent on Anthropic.",
    ),
    Ready(
        "google",
        "google",
        "GEMINI_API_KEY",
        "agent_google",
        "gemini-3-flash-preview",
        "Google",
        "A plain agent on Google.",
    ),
)
