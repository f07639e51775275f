"""Marks on request fields that the OpenAPI document shows and decoding does not enforce: the dialects
enforce them, and name the field at fault in words of their own."""

from __future__ import annotations

from msgspec import Meta

LARGEST = 2**31 - 1
"""The largest count taken from a caller."""


def words(*allowed: str | int | bool | None) -> Meta:
    """Only these values."""
    return Meta(extra_json_schema={"enum": list(allowed)})


def within(low: float, high: float) -> Meta:
    """A number from `low` to `high`, both allowed."""
    return Meta(extra_json_schema={"minimum": low, "maximum": high})


def like(pattern: str) -> Meta:
    """A string that this regular expression finds something in."""
    return Meta(extra_json_schema={"pattern": pattern})


def sized(least: int, most: int) -> Meta:
    """A string of so many characters."""
    return Meta(extra_json_schema={"minLength": least, "maxLength": most})


def listed(least: int, most: int) -> Meta:
    """An array of so many entries."""
    return Meta(extra_json_schema={"minItems": least, "maxItems": most})


def shaped(component: str) -> Meta:
    """JSON that is left raw, of the shape of one of the document's components."""
    return Meta(extra_json_schema={"$ref": f"#/components/schemas/{component}"})


TOOL_NAME = like("^[a-zA-Z0-9_-]{1,64}$")
"""The name of a function or a schema."""
URL = like("^(https?://|data:)")
"""Where an image or a video is, or all of it."""
MODEL = Meta(extra_json_schema={"minLength": 1, "maxLength": 256, "examples": ["agent_demo"]})
"""An agent's id or alias."""
METADATA = Meta(
    extra_json_schema={"maxProperties": 16, "propertyNames": {"maxLength": 64}},
    description="Up to 16 pairs; keys of up to 64 characters, values of up to 512.",
)
OBJECT = Meta(extra_json_schema={"type": "object"})
"""Free-form JSON, at most 256 KiB and 32 levels deep."""
OBJECT_OR_NULL = Meta(extra_json_schema={"type": ["object", "null"]})
"""Free-form JSON or nothing."""
NOTHING = Meta(extra_json_schema={"type": "null"}, description="Not supported: null or absent.")
OLD = Meta(extra_json_schema={"deprecated": True})
"""An older name or form of something."""
