"""Reasoning efforts, ranked; what to send to a model that does not know the one asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from specs.requests import Effort

EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""Every effort, ascending."""


def nearest_effort(asked: Effort, known: Sequence[Effort]) -> Effort:
    """The effort asked for, else the nearest below it, else the least there is. `known` is ascending."""
    below: list[Effort] = [effort for effort in known if EFFORTS.index(effort) <= EFFORTS.index(asked)]
    return below[-1] if below else known[0]
