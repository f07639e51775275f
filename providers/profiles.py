"""Facts about model families, as data. A profile's fields each say what they change."""

from __future__ import annotations

from msgspec import Struct


class Profile(Struct, frozen=True, omit_defaults=True):
    """What one family of models can do and how its wire deviates."""

    max_output_tokens: int | None = None
    """The most one answer can hold; bounds a hold where nobody gave a cap. None: unknown."""
    min_output_tokens: int = 1
    """The least output cap the wire takes; a smaller one is raised to it, so a hold should cover it."""
    context_window: int | None = None
    image_tokens: int = 3_000
    """The most input tokens one image can count for; sizes holds."""
    file_tokens: int = 200_000
    """The most input tokens one file can count for; sizes holds."""
    overhead_tokens: int = 600
    """Input tokens the provider may add by itself (chat template, hidden tool prompt); sizes holds."""
    encoding: str | None = None
    """The tiktoken encoding that is the model's own. None: counts are by o200k_base, times `count_margin`."""
    count_margin: float = 1.3
    """How much a count by a foreign tokenizer may be too low."""

    @property
    def takes_custom_tools(self) -> bool:
        """Whether custom tools go as they are; else they go as functions of one string."""
        return False

    @property
    def searches(self) -> bool:
        """Whether the provider searches the web for the model where it is asked to."""
        return False
