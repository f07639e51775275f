"""Usage and costs in the shapes of OpenAI's administration API.

https://platform.openai.com/docs/api-reference/usage
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from specs.openai.marks import words

Moment: TypeAlias = Annotated[int, Meta(ge=0, le=2**40)]
Texts: TypeAlias = Annotated[tuple[str, ...], Meta(max_length=256)]
Width: TypeAlias = Literal["1m", "1h", "1d"]
UsageGroup: TypeAlias = Literal["project_id", "user_id", "api_key_id", "model", "batch", "api_source"]
CostGroup: TypeAlias = Literal["project_id", "user_id", "line_item", "api_key_id", "api_source"]


class UsageQuery(Struct, frozen=True):
    """Which usage is asked for. Lists may be given as `name` or `name[]`."""

    start_time: Moment
    """Unix seconds, included."""
    end_time: Moment | UnsetType = UNSET
    """Not included; now by default."""
    bucket_width: Width = "1d"
    group_by: Annotated[tuple[UsageGroup, ...], Meta(max_length=16)] = ()
    """`service_tier` is refused: it is not recorded."""
    project_ids: Texts = ()
    user_ids: Texts = ()
    api_key_ids: Texts = ()
    models: Texts = ()
    """As `provider/model`."""
    batch: bool | UnsetType = UNSET
    """Nothing here is a batch."""
    limit: Annotated[int, Meta(ge=1, le=1440)] | UnsetType = UNSET
    """Buckets: of a day 7 and at most 31, of an hour 24 and at most 168, of a minute 60 and at most 1,440."""
    page: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    """`next_page` of the page before."""


class CostQuery(Struct, frozen=True):
    """Which costs are asked for. Lists may be given as `name` or `name[]`."""

    start_time: Moment
    end_time: Moment | UnsetType = UNSET
    bucket_width: Literal["1d"] = "1d"
    group_by: Annotated[tuple[CostGroup, ...], Meta(max_length=16)] = ()
    project_ids: Texts = ()
    api_key_ids: Texts = ()
    line_items: Texts = ()
    """As `provider/model`."""
    limit: Annotated[int, Meta(ge=1, le=180)] = 7
    page: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


class CompletionsUsage(Struct, frozen=True, kw_only=True):
    """The usage of a group in a bucket. What it was not grouped by is null."""

    input_tokens: int
    """Those read from and written to caches included."""
    input_cached_tokens: int
    input_cache_write_tokens: int
    input_uncached_tokens: int
    input_audio_tokens: int
    output_tokens: int
    output_audio_tokens: int
    num_model_requests: int
    project_id: str | None
    user_id: str | None
    api_key_id: str | None
    model: str | None
    batch: bool | None
    service_tier: None = None
    api_source: Literal["unlabeled"] | None = None
    object: Literal["organization.usage.completions.result"] = "organization.usage.completions.result"


class CostAmount(Struct, frozen=True):
    """An exact amount, as a JSON number."""

    value: Annotated[Raw, Meta(extra_json_schema={"type": "number"})]
    currency: Literal["usd"] = "usd"


class CostResult(Struct, frozen=True, kw_only=True):
    """The costs of a group in a bucket. What it was not grouped by is null."""

    amount: CostAmount
    line_item: str | None
    """`provider/model`."""
    project_id: str | None
    user_id: str | None
    api_key_id: str | None
    quantity: int | None
    """Tokens, where it is grouped by line item."""
    quantity_unit: Annotated[str | None, words("tokens")]
    api_source: Literal["unlabeled"] | None = None
    object: Literal["organization.costs.result"] = "organization.costs.result"


class UsageBucket(Struct, frozen=True):
    start_time: int
    end_time: int
    results: tuple[CompletionsUsage, ...]
    object: Literal["bucket"] = "bucket"


class CostBucket(Struct, frozen=True):
    start_time: int
    end_time: int
    results: tuple[CostResult, ...]
    object: Literal["bucket"] = "bucket"


class UsagePage(Struct, frozen=True):
    """Buckets in order, empty ones too."""

    data: tuple[UsageBucket, ...]
    has_more: bool
    next_page: str | None
    object: Literal["page"] = "page"


class CostPage(Struct, frozen=True):
    """Buckets in order, empty ones too."""

    data: tuple[CostBucket, ...]
    has_more: bool
    next_page: str | None
    object: Literal["page"] = "page"
