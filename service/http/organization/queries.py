"""Parameters of a query, read one by one; each that is wrong is refused by name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from litestar import Request

from specs.errors import InvalidRequest

_MOST_DIGITS = 15


def text_of(request: Request[Any, Any, Any], name: str) -> str | None:
    """A text; None where it is left out or empty."""
    return request.query_params.get(name) or None


def integer_of(request: Request[Any, Any, Any], name: str, *, default: int) -> int:
    """A count or a moment. Raises InvalidRequest."""
    text = text_of(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidRequest(f"{name}: expected a whole number, got {text[:80]!r}.", param=name)
    return int(text)


def one_of(request: Request[Any, Any, Any], name: str, allowed: Collection[str], *, default: str) -> str:
    """One of some words. Raises InvalidRequest naming them."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if text not in allowed:
        words = ", ".join(map(repr, allowed))
        raise InvalidRequest(f"{name}: expected one of {words}, got {text[:80]!r}.", param=name)
    return text
