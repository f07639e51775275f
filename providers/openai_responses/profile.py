"""What a model does differently over the Responses API; the facts are rows of `providers.families`."""

from __future__ import annotations

from providers.families import profile_for
from providers.profiles import Profile
from specs.requests import Effort


class ResponsesProfile(Profile, frozen=True, omit_defaults=True):
    """The defaults fit a model we know nothing of."""

    min_output_tokens: int = 16
    encrypted_reasoning: bool = False
    """Whether its reasoning can be had in encrypted form, to be sent back; asked of another it is a 400."""
    efforts: tuple[Effort, ...] | None = None
    """The reasoning efforts there are, ascending; another becomes the nearest below it, with a warning.
    Empty: it takes no reasoning options. None: whatever is asked for is sent.
    """
    default_effort: Effort | None = None
    """The effort where none is asked for; None: unknown."""
    refused: tuple[str, ...] = ()
    """Fields of `Settings` the model refuses: left out, with a warning unless they say the default."""
    free_without_effort: bool = False
    """Whether a reasoning effort of `none` makes the model take what it refuses otherwise."""
    custom_tools: bool = False
    """Whether the model knows tools that take free text; else they go as functions of one string."""

    native_search: bool = False
    """Whether the provider searches the web for it."""

    @property
    def searches(self) -> bool:
        """Whether the provider searches the web for the model."""
        return self.native_search

    @property
    def takes_custom_tools(self) -> bool:
        """Whether custom tools go as they are."""
        return self.custom_tools


_UNKNOWN = ResponsesProfile()


def responses_profile(model: str) -> ResponsesProfile:
    """The facts we know of a model."""
    return profile_for(model, _UNKNOWN)
