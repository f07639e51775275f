"""Who pays for what, and how much a request may come to."""

from __future__ import annotations

from msgspec import Struct

from providers.profiles import Profile
from service.ledger.cost import Worst
from specs.prices import Price
from specs.requests import Settings

DEFAULT_OUTPUT_TOKENS = 16_384
"""What an answer is held for where nobody gave a cap."""


class Terms(Struct, frozen=True):
    """Who pays for what: one attempt of one step of one run."""

    run: str
    step: int
    attempt: int
    key: str
    key_name: str
    account: str
    project: str
    agent: str
    agent_version: int
    api: str
    provider: str
    model: str
    price: Price
    profile: Profile
    cap_given: bool
    """Whether caller or agent gave an output cap (`settings.max_output_tokens`)."""
    min_output_tokens: int
    """A cap is lowered no further than this."""
    max_cost: int | None = None
    """Nano-dollars left for this run by its agent's limit."""


class Quote(Struct, frozen=True):
    """What a request may come to, in tokens and nano-dollars."""

    input: int
    output: int
    """The output held for where the balance allows."""
    least_output: int
    least: int
    """The cost of the least output that is worth a call."""
    most: int
    """The cost of the whole output."""


def quote(terms: Terms, settings: Settings, worst: Worst, *, input_tokens: int, default_output: int) -> Quote:
    """Size a hold for this many input tokens."""
    cap = settings.max_output_tokens if terms.cap_given else None
    least = terms.min_output_tokens + (settings.thinking_budget or 0)
    if cap is not None:
        least, output = min(least, cap), cap
    else:
        output = max(least, min(default_output, terms.profile.max_output_tokens or default_output))
    return Quote(
        input=input_tokens,
        output=output,
        least_output=least,
        least=worst.cost(input_tokens, least),
        most=worst.cost(input_tokens, output),
    )
