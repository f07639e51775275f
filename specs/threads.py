"""Threads as the Assistants API has them: a thread is a conversation, its messages are items, and a run
on it is one or more runs of the engine, its legs: each goes on until the caller's outputs are wanted."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from specs.agents import Agent, ToolResources
from specs.errors import Failure
from specs.items import FunctionCall, HostedCall, Item, Message
from specs.requests import Settings, ToolChoice
from specs.usage import Usage

ThreadRunStatus: TypeAlias = Literal[
    "queued",
    "in_progress",
    "requires_action",
    "cancelling",
    "cancelled",
    "failed",
    "completed",
    "incomplete",
    "expired",
]
ACTIVE: tuple[ThreadRunStatus, ...] = ("queued", "in_progress", "requires_action", "cancelling")
"""While a run is so, nothing else may be added to its thread."""
StepStatus: TypeAlias = Literal["in_progress", "completed", "failed", "cancelled", "expired"]
IncompleteMessage: TypeAlias = Literal[
    "content_filter", "max_tokens", "run_cancelled", "run_expired", "run_failed"
]


class Thread(Struct, frozen=True):
    id: str
    project: str
    metadata: dict[str, str]
    tool_resources: ToolResources | None
    created_at: int
    """Unix seconds, as all times here."""


class Attachment(Struct, frozen=True):
    """A file that comes with a message, and the tools it is for."""

    file_id: str
    tools: tuple[Literal["code_interpreter", "file_search"], ...]


class ThreadMessage(Struct, frozen=True, kw_only=True):
    """A message of a thread: its item, and what it has beyond it."""

    thread: str
    item: Message
    created_at: int
    ended_at: int | None
    """None while it is being written."""
    run: str | None = None
    assistant: str | None = None
    attachments: tuple[Attachment, ...] | None = None
    metadata: dict[str, str] = {}
    reason: IncompleteMessage | None = None
    """Why it is incomplete."""


class RunTerms(Struct, frozen=True, kw_only=True):
    """What a run on a thread runs with, copied when it was made: what becomes of its agent later does
    not change it."""

    agent: Agent
    """With the model, the instructions and the tools of this run."""
    settings: Settings = Settings()
    """The caller's own."""
    tool_choice: ToolChoice | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    """Of all model calls of the run together."""
    last_messages: int | None = None
    """How many of the thread's newest messages it sees; None is as many as fit."""
    warnings: tuple[str, ...] = ()


class ThreadRun(Struct, frozen=True, kw_only=True):
    """One run of an agent on a thread."""

    id: str
    thread: str
    project: str
    assistant: str
    """As the caller named it."""
    status: ThreadRunStatus
    terms: RunTerms
    echo: str
    """What the API states back of the request, as JSON of its own."""
    metadata: dict[str, str]
    leg: str
    """The engine's run that works on it, or did last."""
    legs: int = 1
    begins: int
    """The place in the thread where what it adds begins."""
    created_at: int
    expires_at: int
    ended_at: int | None = None
    reason: str | None = None
    error: Failure | None = None
    held: tuple[Item, ...] = ()
    """What the last leg put out since its last message, while its calls wait for the caller's outputs."""
    usage: Usage = Usage()
    """Of the legs that have ended."""

    @property
    def waiting(self) -> tuple[FunctionCall, ...]:
        """The calls whose outputs the caller is to give."""
        return tuple(item for item in self.held if isinstance(item, FunctionCall))


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing a run did: it wrote a message, or made the calls of one model turn."""

    id: str
    created_at: int
    status: StepStatus = "in_progress"
    ended_at: int | None = None
    message: str | None = None
    """The id of the message it wrote; None where it made calls."""
    calls: tuple[FunctionCall | HostedCall, ...] = ()
    outputs: dict[str, str] = {}
    """What the caller gave for its calls, by call id."""
    usage: Usage = Usage()
    error: Failure | None = None


class Leg(Struct, frozen=True, kw_only=True):
    """The run of the engine that a run on a thread is at, as both are when it begins."""

    run: ThreadRun
    results: tuple[Item, ...] = ()
    """The calls that waited, with what the caller gave for them: to be added to the thread."""
    answered: Step | None = None
    """Their step, now complete."""
    answers: str = ""
    """The leg that made those calls."""
    opens: bool = False
    """Whether it is the run's first."""
    messages: tuple[ThreadMessage, ...] = ()
    """To be added to the thread before a first leg begins."""
    upto: int = 0
    """The thread's next place when its items were read: nothing may have been added since."""
