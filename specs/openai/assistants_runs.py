"""Runs on threads and their steps, as the Assistants API has them.

https://platform.openai.com/docs/api-reference/runs
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from specs.openai.agents import Id
from specs.openai.assistants_common import (
    LEAST_TOKENS,
    MAX_INSTRUCTIONS,
    MAX_TOOLS,
    AssistantFormat,
    AssistantTool,
    AssistantToolChoice,
    Metadata,
    NewToolResources,
)
from specs.openai.assistants_threads import MOST_NEW_MESSAGES, NewMessage, NewThread
from specs.openai.marks import LARGEST, listed, sized, within
from specs.requests import Effort
from specs.threads import StepStatus, ThreadRunStatus

MAX_OUTPUT_BYTES = 1024 * 1024
"""Of one tool output."""


class TruncationStrategy(Struct, frozen=True):
    """What of a thread the model sees: `auto` leaves out the middle where it does not fit."""

    type: Literal["auto", "last_messages"]
    last_messages: Annotated[int | None, within(1, LARGEST)] = None
    """How many of the newest, for `last_messages`."""


class RunSettings(Struct, frozen=True, kw_only=True):
    """What a run does otherwise than its assistant."""

    assistant_id: Id
    """An assistant, or an agent by id or alias."""
    model: Annotated[str, sized(1, 256)] | None = None
    """Instead of the assistant's, where that lets callers choose."""
    instructions: Annotated[str, sized(0, MAX_INSTRUCTIONS)] | None = None
    """Instead of the assistant's."""
    tools: Annotated[list[AssistantTool], listed(0, MAX_TOOLS)] | None = None
    """Instead of the assistant's."""
    metadata: Metadata | None = None
    temperature: Annotated[float | None, within(0, 2)] = None
    top_p: Annotated[float | None, within(0, 1)] = None
    stream: bool | None = None
    max_prompt_tokens: Annotated[int | None, within(LEAST_TOKENS, LARGEST)] = None
    """Of all model calls together; over it the run is incomplete."""
    max_completion_tokens: Annotated[int | None, within(LEAST_TOKENS, LARGEST)] = None
    """Of all model calls together; over it the run is incomplete."""
    truncation_strategy: TruncationStrategy | None = None
    tool_choice: AssistantToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: AssistantFormat | None = None


class NewRunBody(RunSettings, frozen=True, kw_only=True):
    """A run of an assistant on a thread."""

    reasoning_effort: Effort | None = None
    additional_instructions: Annotated[str, sized(0, MAX_INSTRUCTIONS)] | None = None
    """Added to the assistant's, or to those given here."""
    additional_messages: Annotated[list[NewMessage], listed(0, MOST_NEW_MESSAGES)] | None = None
    """Added to the thread first."""


class NewThreadAndRun(RunSettings, frozen=True, kw_only=True):
    """A thread to be made, and a run of an assistant on it."""

    thread: NewThread | None = None
    tool_resources: NewToolResources | None = None
    """What the tools work on in this thread."""


class ToolOutput(Struct, frozen=True):
    tool_call_id: str
    output: str | None = None
    """At most a mebibyte."""


class SubmitOutputs(Struct, frozen=True):
    """What came of the calls a run waits for, each of them once."""

    tool_outputs: Annotated[list[ToolOutput], listed(1, 1_024)]
    stream: bool | None = None


class WantedFunction(Struct, frozen=True):
    name: str
    arguments: str


class WantedCall(Struct, frozen=True):
    """A call whose output the run waits for."""

    id: str
    function: WantedFunction
    type: Literal["function"] = "function"


class WantedOutputs(Struct, frozen=True):
    tool_calls: tuple[WantedCall, ...]


class RequiredAction(Struct, frozen=True):
    submit_tool_outputs: WantedOutputs
    type: Literal["submit_tool_outputs"] = "submit_tool_outputs"


class RunError(Struct, frozen=True):
    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str


class RunIncomplete(Struct, frozen=True):
    reason: Literal["max_completion_tokens", "max_prompt_tokens"] | UnsetType = UNSET
    """Absent where it is neither: `last_error` says why then."""


class PromptDetails(Struct, frozen=True):
    cached_tokens: int


class RunUsage(Struct, frozen=True):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_token_details: PromptDetails


class RunObject(Struct, frozen=True, kw_only=True):
    id: str
    object: Literal["thread.run"] = "thread.run"
    created_at: int
    thread_id: str
    assistant_id: str
    status: ThreadRunStatus
    required_action: RequiredAction | None = None
    last_error: RunError | None = None
    expires_at: int | None = None
    started_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    completed_at: int | None = None
    incomplete_details: RunIncomplete | None = None
    model: str
    instructions: str
    tools: tuple[AssistantTool, ...]
    metadata: dict[str, str]
    usage: RunUsage | None = None
    """Null until the run is over."""
    temperature: float | None
    top_p: float | None
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    truncation_strategy: TruncationStrategy
    tool_choice: AssistantToolChoice
    parallel_tool_calls: bool
    response_format: AssistantFormat


class RunList(Struct, frozen=True):
    """A page of runs; `first_id` and `last_id` are null where it is empty."""

    data: tuple[RunObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class CreatedMessage(Struct, frozen=True):
    message_id: str


class MessageCreation(Struct, frozen=True, tag_field="type", tag="message_creation"):
    message_creation: CreatedMessage


class CalledTool(Struct, frozen=True):
    name: str
    arguments: str
    output: str | None
    """Null until it is there."""


class StepCall(Struct, frozen=True, tag_field="type", tag="function"):
    id: str
    function: CalledTool


class ToolCalls(Struct, frozen=True, tag_field="type", tag="tool_calls"):
    tool_calls: tuple[StepCall, ...]


StepDetails: TypeAlias = MessageCreation | ToolCalls


class StepError(Struct, frozen=True):
    code: Literal["server_error", "rate_limit_exceeded"]
    message: str


class StepObject(Struct, frozen=True, kw_only=True):
    """One thing a run did: it wrote a message, or called tools."""

    id: str
    object: Literal["thread.run.step"] = "thread.run.step"
    created_at: int
    assistant_id: str
    thread_id: str
    run_id: str
    type: Literal["message_creation", "tool_calls"]
    status: StepStatus
    step_details: StepDetails
    last_error: StepError | None = None
    expired_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    completed_at: int | None = None
    metadata: dict[str, str] | None = None
    usage: RunUsage | None = None
    """Null while it is in progress."""


class StepList(Struct, frozen=True):
    """A page of steps; `first_id` and `last_id` are null where it is empty."""

    data: tuple[StepObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"
