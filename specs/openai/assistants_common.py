"""What the objects of the Assistants API share: tools and what they work on, formats, choices, lists.

https://platform.openai.com/docs/api-reference/assistants
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from specs.openai.agents import (
    MAX_FILES,
    MAX_RESULTS,
    MAX_VECTOR_STORES,
    AgentToolResources,
    Id,
    RankingOptions,
)
from specs.openai.marks import METADATA, OBJECT, TOOL_NAME, listed, sized, within, words

MAX_INSTRUCTIONS = 256_000
MAX_TEXT = 256_000
"""Characters of one text of a message."""
MAX_TOOLS = 128
LEAST_TOKENS = 256
"""The least that a run may be limited to."""
DEFAULT_PAGE = 20
MAX_PAGE = 100
INCLUDE_RESULTS = "step_details.tool_calls[*].file_search.results[*].content"
"""The one thing that can be included."""

Metadata: TypeAlias = Annotated[dict[str, Annotated[str, sized(0, 512)]], METADATA]
Include: TypeAlias = list[Annotated[str, words(INCLUDE_RESULTS)]]


class AssistantFunction(Struct, frozen=True):
    """A function that whoever runs the assistant calls."""

    name: Annotated[str, TOOL_NAME]
    description: str | UnsetType | None = UNSET
    parameters: Annotated[Raw | UnsetType, OBJECT] = UNSET
    """JSON Schema of the arguments; left out, there are none."""
    strict: bool | UnsetType | None = UNSET
    """Whether arguments must follow the schema to the letter."""


class AssistantFunctionTool(Struct, frozen=True, tag_field="type", tag="function"):
    function: AssistantFunction


class AssistantFileSearch(Struct, frozen=True, omit_defaults=True):
    max_num_results: Annotated[int | None, within(1, MAX_RESULTS)] = None
    ranking_options: RankingOptions | None = None


class AssistantFileSearchTool(Struct, frozen=True, tag_field="type", tag="file_search"):
    """Kept; a run leaves it out with a warning."""

    file_search: AssistantFileSearch | UnsetType | None = UNSET


class AssistantCodeTool(Struct, frozen=True, tag_field="type", tag="code_interpreter"):
    """Kept; a run leaves it out with a warning."""


AssistantTool: TypeAlias = AssistantFunctionTool | AssistantFileSearchTool | AssistantCodeTool


class NewCodeFiles(Struct, frozen=True):
    file_ids: Annotated[tuple[Id, ...], listed(0, MAX_FILES)] | None = None


class NewSearchStores(Struct, frozen=True):
    vector_store_ids: Annotated[tuple[Id, ...], listed(0, MAX_VECTOR_STORES)] | None = None
    vector_stores: list[Annotated[Raw, OBJECT]] | None = None
    """Left out with a warning: vector stores cannot be made here yet."""


class NewToolResources(Struct, frozen=True):
    """What tools are to work on."""

    code_interpreter: NewCodeFiles | None = None
    file_search: NewSearchStores | None = None


class AssistantTextFormat(Struct, frozen=True, tag_field="type", tag="text"):
    """Ordinary text."""


class AssistantJsonFormat(Struct, frozen=True, tag_field="type", tag="json_object"):
    """Some JSON object; the instructions have to ask for it."""


class NamedSchema(Struct, frozen=True):
    name: Annotated[str, TOOL_NAME]
    description: str | UnsetType | None = UNSET
    schema: Annotated[Raw | UnsetType, OBJECT] = UNSET
    strict: bool | UnsetType | None = UNSET


class AssistantSchemaFormat(Struct, frozen=True, tag_field="type", tag="json_schema"):
    """JSON of a schema."""

    json_schema: NamedSchema


AssistantFormat: TypeAlias = (
    Literal["auto"] | AssistantTextFormat | AssistantJsonFormat | AssistantSchemaFormat
)


class ChosenFunction(Struct, frozen=True):
    name: Annotated[str, TOOL_NAME]


class ChosenAssistantTool(Struct, frozen=True, omit_defaults=True):
    """Call this tool."""

    type: Literal["function", "code_interpreter", "file_search"]
    function: ChosenFunction | None = None
    """Which, for `function`."""


AssistantToolChoice: TypeAlias = Literal["none", "auto", "required"] | ChosenAssistantTool


class ListObjects(Struct, frozen=True):
    """The query of a list."""

    after: str | UnsetType = UNSET
    """The id of the last one of the page before."""
    before: str | UnsetType = UNSET
    """The id of the first one of the page behind."""
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    order: Literal["asc", "desc"] = "desc"
    """By the time of creation."""


class IncludeQuery(Struct, frozen=True):
    """The query of requests about runs and their steps."""

    include: Include | UnsetType = UNSET
    """What else to show of file search; written `include[]` or `include`."""


class ListSteps(ListObjects, frozen=True):
    """The query of a list of steps."""

    include: Include | UnsetType = UNSET
    """What else to show of file search; written `include[]` or `include`."""


ToolResourcesObject: TypeAlias = AgentToolResources
