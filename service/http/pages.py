"""Lists in pages: which part of a list a request asks for, in the words of the OpenAI APIs."""

from __future__ import annotations

from typing import Any, Literal, cast

from litestar import Request
from msgspec import Struct

from specs.errors import InvalidRequest

Order = Literal["asc", "desc"]
_ORDERS = ("asc", "desc")


class Page(Struct, frozen=True):
    """A stretch of a list."""

    after: str | None
    """The id it follows."""
    limit: int
    order: Order


def page_of(request: Request[Any, Any, Any], *, default: int, most: int) -> Page:
    """The page a query asks for; `limit` is from 1 to `most`.

    Raises InvalidRequest naming the parameter.
    """
    query = request.query_params
    order = query.get("order") or "desc"
    if order not in _ORDERS:
        raise InvalidRequest(f"order must be 'asc' or 'desc'; got {order[:80]!r}.", param="order")
    return Page(query.get("after") or None, _limit(query.get("limit"), default, most), cast("Order", order))


def _limit(text: str | None, default: int, most: int) -> int:
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= most:
        raise InvalidRequest(f"limit must be from 1 to {most}; got {text[:80]!r}.", param="limit")
    return number
