"""Assistants, as the Assistants API has them: the same objects as agents.

https://platform.openai.com/docs/api-reference/assistants
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from specs.openai.agents import MAX_DESCRIPTION, MAX_NAME
from specs.openai.assistants_common import (
    MAX_INSTRUCTIONS,
    MAX_TOOLS,
    AssistantFormat,
    AssistantTool,
    Metadata,
    NewToolResources,
    ToolResourcesObject,
)
from specs.openai.marks import listed, sized, within
from specs.requests import Effort


class AssistantFields(Struct, frozen=True, kw_only=True):
    """What an assistant can be told to be. A field left out stays as it is; null is its default."""

    name: Annotated[str, sized(0, MAX_NAME)] | UnsetType | None = UNSET
    description: Annotated[str, sized(0, MAX_DESCRIPTION)] | UnsetType | None = UNSET
    instructions: Annotated[str, sized(0, MAX_INSTRUCTIONS)] | UnsetType | None = UNSET
    tools: Annotated[list[AssistantTool], listed(0, MAX_TOOLS)] | UnsetType | None = UNSET
    """Replaces the list."""
    tool_resources: NewToolResources | UnsetType | None = UNSET
    """Replaces them."""
    metadata: Metadata | UnsetType | None = UNSET
    """Replaces all pairs."""
    temperature: Annotated[float, within(0, 2)] | UnsetType | None = UNSET
    top_p: Annotated[float, within(0, 1)] | UnsetType | None = UNSET
    reasoning_effort: Effort | UnsetType | None = UNSET
    response_format: AssistantFormat | UnsetType | None = UNSET


class NewAssistant(AssistantFields, frozen=True, kw_only=True):
    """An assistant to be made."""

    model: Annotated[str, sized(1, 256)]
    """`provider/model`, a name from `[models]`, or an agent of the configuration whose model it then has."""


class UpdateAssistant(AssistantFields, frozen=True, kw_only=True):
    """What is to be different about an assistant."""

    model: Annotated[str, sized(1, 256)] | UnsetType = UNSET
    """As in making one."""


class AssistantObject(Struct, frozen=True, kw_only=True):
    """An assistant. To other projects it shows neither instructions, metadata nor resources."""

    id: str
    object: Literal["assistant"] = "assistant"
    created_at: int
    """Unix seconds."""
    name: str | None
    description: str | None
    model: str
    """As it was asked for."""
    instructions: str | None
    tools: tuple[AssistantTool, ...]
    tool_resources: ToolResourcesObject | None
    metadata: dict[str, str]
    temperature: float
    top_p: float
    reasoning_effort: Effort | None
    response_format: AssistantFormat


class AssistantList(Struct, frozen=True):
    """A page of assistants."""

    data: tuple[AssistantObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class AssistantDeleted(Struct, frozen=True):
    """Word that an assistant is gone."""

    id: str
    object: Literal["assistant.deleted"] = "assistant.deleted"
    deleted: Literal[True] = True
