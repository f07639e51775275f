"""The model's context window: a call whose input is too long for it is shortened or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from providers.base import ModelStream
from providers.profiles import Profile
from service.engine.ports import OpenModel
from service.engine.truncate import surely_too_long, truncated
from specs.errors import ContextTooLong
from specs.requests import ModelRequest


class WithinWindow:
    """An `OpenModel` that leaves out the oldest exchanges where the caller lets it. `tell` is told once."""

    def __init__(
        self, open_model: OpenModel, profile: Profile, *, may_cut: bool, tell: Callable[[str], None]
    ) -> None:
        self._open_model = open_model
        self._profile = profile
        self._may_cut = may_cut
        self._tell = tell
        self._told = False

    def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> Awaitable[ModelStream]:
        """Open a model call; see `OpenModel`.

        Raises ContextTooLong where the input cannot fit.
        """
        fitting = truncated(request, self._profile) if self._may_cut else request
        left_out = len(request.items) - len(fitting.items)
        if left_out and not self._told:
            self._told = True
            self._tell(f"truncation: the {left_out} oldest items of the input were left out.")
        if surely_too_long(fitting, self._profile):
            raise ContextTooLong(
                f"The input is longer than the model's context window of {self._profile.context_window:,}"
                " tokens.",
                param="input",
            )
        return self._open_model(fitting, step=step, first_item=first_item)
