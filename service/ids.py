"""Ids: a prefix, the moment it was minted in, and 130 random bits; minted once per object."""

from __future__ import annotations

import os
import re
import time
from functools import lru_cache

_ALPHABET = b"0123456789abcdefghijklmnopqrstuv"
_LETTERS = _ALPHABET * 8
"""Any byte to a letter: five of its bits."""
_RANDOM_LETTERS = 26
_MOMENT_LETTERS = 6
_MOMENTS_PER_SECOND = 16
_PERIOD = 32**_MOMENT_LETTERS
_DIGITS = frozenset(_ALPHABET.decode())
_DRAWN_AT_ONCE = 1024
"""Ids whose randomness is fetched together: a system call each would show in a request's cost."""


def new_id(prefix: str) -> str:
    """Mint `prefix_` followed by 32 lower-case letters and digits.

    The moment comes first, so that what is new lies together in an index: a database that writes
    hundreds of rows a second then touches a few pages, not hundreds. It starts over every two years.
    """
    moment = _moment(int(time.time() * _MOMENTS_PER_SECOND))
    try:
        letters = _drawn.pop()
    except IndexError:
        letters = _draw()
    return f"{prefix}_{moment}{letters}"


def response_id(run: str) -> str:
    """The id under which a run is known as a response."""
    return f"resp_{run.removeprefix('run_')}"


def minted_at(id: str, *, near: int) -> int:
    """The Unix second in which an id was minted, the one nearest to `near`; `near` itself where the id is
    not one of ours."""
    letters = id.rpartition("_")[2]
    if len(letters) != _MOMENT_LETTERS + _RANDOM_LETTERS or any(each not in _DIGITS for each in letters):
        return near
    number = int(letters[:_MOMENT_LETTERS], 32)
    around = near * _MOMENTS_PER_SECOND
    past = (around - number) % _PERIOD
    return (around - past if past < _PERIOD // 2 else around - past + _PERIOD) // _MOMENTS_PER_SECOND


def run_of(id: str) -> str:
    """The run behind a response, a chat completion, a message, or the run itself: all that follows the
    prefix is the same."""
    return f"run_{re.split('[_-]', id, maxsplit=1)[-1]}"


@lru_cache(maxsize=2)
def _moment(number: int) -> str:
    digits = [number >> (5 * place) & 31 for place in reversed(range(_MOMENT_LETTERS))]
    return bytes(_ALPHABET[digit] for digit in digits).decode()


_drawn: list[str] = []
"""Random letters for ids to come; each is taken once, from whatever thread."""
os.register_at_fork(after_in_child=_drawn.clear)


def _draw() -> str:
    size = _RANDOM_LETTERS
    letters = os.urandom(size * _DRAWN_AT_ONCE).translate(_LETTERS).decode()
    pieces = [letters[start : start + size] for start in range(0, len(letters), size)]
    _drawn.extend(pieces[1:])
    return pieces[0]
