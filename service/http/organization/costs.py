"""Costs over time, as OpenAI's administration API tells them."""

from __future__ import annotations

from typing import Any, get_args

from litestar import Request, get
from litestar.types import ASGIApp
from msgspec import Raw

from service.http.answers import json_answer
from service.http.organization.buckets import DIMENSIONS, groups_of, sums_of, window_of
from service.http.organization.common import texts_of
from service.http.organization.queries import one_of
from service.store.entry_records import UsageBucket
from specs.money import format_usd
from specs.openai import organization_usage as wire

_DAY = 86_400
_DIMENSIONS = {**DIMENSIONS, "line_item": "model"}
_GROUPS = get_args(wire.CostGroup)


@get(
    "/organization/costs",
    opt={"scope": "admin", "query": wire.CostQuery, "answer": wire.CostPage},
    operation_id="getCosts",
    summary="Costs over time",
    tags=["Accounts"],
)
async def costs(request: Request[Any, Any, Any]) -> ASGIApp:
    """What model calls cost at the rates they were charged by, whoever paid, in days of UTC."""
    one_of(request, "bucket_width", ("1d",), default="1d")
    window = window_of(request, width=_DAY, default=7, most=180)
    groups = groups_of(request, _GROUPS)
    filters = {name: texts_of(request, f"{name}s") for name in ("project_id", "api_key_id", "line_item")}
    sums = await sums_of(request, window, dimensions=_DIMENSIONS, groups=groups, filters=filters)
    buckets = tuple(
        wire.CostBucket(start, start + _DAY, tuple(_result(row, groups) for row in sums.get(start, ())))
        for start in window.starts
    )
    return json_answer(wire.CostPage(buckets, window.next_page is not None, window.next_page))


def _result(row: UsageBucket, groups: frozenset[str]) -> wire.CostResult:
    by_item = "line_item" in groups
    return wire.CostResult(
        amount=wire.CostAmount(Raw(format_usd(row.cost).encode())),
        line_item=row.model,
        project_id=row.project,
        user_id=row.user,
        api_key_id=row.key,
        quantity=row.input + row.output if by_item else None,
        quantity_unit="tokens" if by_item else None,
        api_source="unlabeled" if "api_source" in groups else None,
    )
