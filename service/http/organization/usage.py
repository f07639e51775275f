"""Tokens and requests over time, as OpenAI's administration API tells them."""

from __future__ import annotations

from typing import Any, get_args

from litestar import Request, get
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.organization.buckets import DIMENSIONS, groups_of, sums_of, window_of
from service.http.organization.common import texts_of
from service.http.organization.queries import one_of
from service.store.entry_records import UsageBucket
from specs.openai import organization_usage as wire

_WIDTHS = {"1m": (60, 60, 1440), "1h": (3_600, 24, 168), "1d": (86_400, 7, 31)}
"""Seconds of a bucket; how many are shown by default, and at most."""
_DIMENSIONS = {**DIMENSIONS, "model": "model"}
_GROUPS = get_args(wire.UsageGroup)


@get(
    "/organization/usage/completions",
    opt={"scope": "admin", "query": wire.UsageQuery, "answer": wire.UsagePage},
    operation_id="getCompletionsUsage",
    summary="Usage over time",
    tags=["Accounts"],
)
async def completions_usage(request: Request[Any, Any, Any]) -> ASGIApp:
    """Tokens and model calls of every API, in buckets of a minute, an hour or a day of UTC, all together or
    by groups. Empty buckets are shown too."""
    width, default, most = _WIDTHS[one_of(request, "bucket_width", _WIDTHS, default="1d")]
    window = window_of(request, width=width, default=default, most=most)
    groups = groups_of(request, _GROUPS)
    sums = await sums_of(
        request,
        window,
        dimensions=_DIMENSIONS,
        groups=groups,
        filters={name: texts_of(request, f"{name}s") for name in _DIMENSIONS},
    )
    if one_of(request, "batch", ("true", "false"), default="false") == "true":
        sums = {}
    buckets = tuple(
        wire.UsageBucket(start, start + width, tuple(_result(row, groups) for row in sums.get(start, ())))
        for start in window.starts
    )
    return json_answer(wire.UsagePage(buckets, window.next_page is not None, window.next_page))


def _result(row: UsageBucket, groups: frozenset[str]) -> wire.CompletionsUsage:
    written = row.cache_write + row.cache_write_1h
    return wire.CompletionsUsage(
        input_tokens=row.input,
        input_cached_tokens=row.cache_read,
        input_cache_write_tokens=written,
        input_uncached_tokens=max(0, row.input - row.cache_read - written),
        input_audio_tokens=row.input_audio,
        output_tokens=row.output,
        output_audio_tokens=row.output_audio,
        num_model_requests=row.attempts,
        project_id=row.project,
        user_id=row.user,
        api_key_id=row.key,
        model=row.model,
        batch=False if "batch" in groups else None,
        api_source="unlabeled" if "api_source" in groups else None,
    )
