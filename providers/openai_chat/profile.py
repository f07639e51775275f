"""What a server or a model does differently on the Chat Completions wire, as data."""

from __future__ import annotations

from typing import Literal, TypeAlias

from providers.profiles import Profile
from specs.requests import Effort

Attachment: TypeAlias = Literal["image", "audio", "file", "video"]

SERVICE_SETTINGS = ("service_tier", "prompt_cache_key", "safety_identifier", "verbosity")
"""Settings of OpenAI's own service that servers imitating it rarely know, and may answer with a 400."""


class ChatProfile(Profile, frozen=True, omit_defaults=True):
    """The defaults fit a server we know nothing of."""

    system_role: Literal["system", "developer", "user"] = "system"
    """The role that instructions, system and developer messages are sent with."""
    cap_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the cap on the output is called."""
    usage_option: bool = True
    """Whether `stream_options.include_usage` is understood; without it usage may be missing."""
    unsupported: tuple[str, ...] = SERVICE_SETTINGS
    """Fields of `Settings` the server does not know: left out with a warning."""
    refused: tuple[str, ...] = ()
    """Fields of `Settings` the model refuses: left out, with a warning unless they say the default."""
    free_without_effort: bool = False
    """Whether a reasoning effort of `none` makes the model take what it refuses otherwise."""
    efforts: tuple[Effort, ...] | None = None
    """The reasoning efforts there are, ascending; another becomes the nearest below it, with a warning.
    None: whatever is asked for is sent."""
    response_formats: tuple[str, ...] = ("json_object", "json_schema")
    """The structured outputs there are; a schema falls back to `json_object`, with a warning."""
    attachments: tuple[Attachment, ...] = ("image", "audio", "file", "video")
    """What a user message can hold besides text; the rest becomes a note, with a warning."""
    reasoning_replay: Literal["reasoning_content", "reasoning"] | None = None
    """The field that takes the model's earlier reasoning back where it came from; None: it is dropped."""
    think_tags: bool = False
    """Whether text may begin with reasoning between `<think>` and `</think>`."""
    allowed_tools: bool = False
    """Whether `tool_choice` can name a subset; else only its mode is sent."""
    forced_tools: bool = True
    """Whether `tool_choice` can make it call a tool; else the model chooses, with a warning."""
    nine_character_ids: bool = False
    """Whether ids of tool calls must be exactly nine letters and digits."""
