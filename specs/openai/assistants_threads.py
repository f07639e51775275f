"""Threads and their messages, as the Assistants API has them.

https://platform.openai.com/docs/api-reference/threads
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from specs.openai.agents import Id
from specs.openai.assistants_common import (
    MAX_TEXT,
    ListObjects,
    Metadata,
    NewToolResources,
    ToolResourcesObject,
)
from specs.openai.marks import URL, listed, sized

MOST_PARTS = 8_192
MOST_NEW_MESSAGES = 1_000
"""Messages that one request may bring."""
MOST_ATTACHMENTS = 500

Detail: TypeAlias = Literal["auto", "low", "high"]


class NewText(Struct, frozen=True, tag_field="type", tag="text"):
    text: Annotated[str, sized(1, MAX_TEXT)]


class ImageFileRef(Struct, frozen=True):
    file_id: Id
    """A file stored here, best of the purpose `vision`."""
    detail: Detail | None = "auto"


class ImageFilePart(Struct, frozen=True, tag_field="type", tag="image_file"):
    image_file: ImageFileRef


class ImageUrlRef(Struct, frozen=True):
    url: Annotated[str, URL]
    detail: Detail | None = "auto"


class ImageUrlPart(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: ImageUrlRef


NewPart: TypeAlias = NewText | ImageFilePart | ImageUrlPart


class ToCodeInterpreter(Struct, frozen=True, tag_field="type", tag="code_interpreter"):
    """The code interpreter gets the file."""


class ToFileSearch(Struct, frozen=True, tag_field="type", tag="file_search"):
    """File search gets the file."""


class MessageAttachment(Struct, frozen=True):
    """A file that comes with a message."""

    file_id: Id
    tools: list[ToCodeInterpreter | ToFileSearch] | None = None
    """What it is for."""


class NewMessage(Struct, frozen=True):
    """A message to be added to a thread."""

    role: Literal["user", "assistant"]
    content: Annotated[str, sized(1, MAX_TEXT)] | Annotated[list[NewPart], listed(1, MOST_PARTS)]
    attachments: Annotated[list[MessageAttachment], listed(0, MOST_ATTACHMENTS)] | None = None
    metadata: Metadata | None = None


class NewThread(Struct, frozen=True):
    """A thread to be made; the body may be left out."""

    messages: Annotated[list[NewMessage], listed(0, MOST_NEW_MESSAGES)] | None = None
    """What it begins with."""
    tool_resources: NewToolResources | None = None
    metadata: Metadata | None = None


class UpdateThread(Struct, frozen=True):
    """What is to be different about a thread."""

    tool_resources: NewToolResources | UnsetType | None = UNSET
    """Replaces them."""
    metadata: Metadata | UnsetType | None = UNSET
    """Replaces all pairs."""


class UpdateMetadata(Struct, frozen=True):
    """What can be different about a message or a run."""

    metadata: Metadata | UnsetType | None = UNSET
    """Replaces all pairs."""


class ThreadObject(Struct, frozen=True):
    id: str
    created_at: int
    tool_resources: ToolResourcesObject | None
    metadata: dict[str, str]
    object: Literal["thread"] = "thread"


class ThreadDeleted(Struct, frozen=True):
    id: str
    object: Literal["thread.deleted"] = "thread.deleted"
    deleted: bool = True


class ThreadList(Struct, frozen=True):
    """A page of threads; `first_id` and `last_id` are null where it is empty."""

    data: tuple[ThreadObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class FileRef(Struct, frozen=True):
    file_id: str


class FileCitationMark(Struct, frozen=True, tag_field="type", tag="file_citation"):
    """What a stretch of the text is taken from; indices count characters."""

    text: str
    """The stretch itself, to be replaced."""
    file_citation: FileRef
    start_index: int
    end_index: int


class FilePathMark(Struct, frozen=True, tag_field="type", tag="file_path"):
    """A file that a stretch of the text names; indices count characters."""

    text: str
    file_path: FileRef
    start_index: int
    end_index: int


class MessageText(Struct, frozen=True):
    value: str
    annotations: tuple[FileCitationMark | FilePathMark, ...] = ()


class TextContent(Struct, frozen=True, tag_field="type", tag="text"):
    text: MessageText


class RefusalContent(Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


MessageContent: TypeAlias = TextContent | ImageFilePart | ImageUrlPart | RefusalContent


class MessageIncomplete(Struct, frozen=True):
    reason: Literal["content_filter", "max_tokens", "run_cancelled", "run_expired", "run_failed"]


class MessageObject(Struct, frozen=True):
    id: str
    created_at: int
    thread_id: str
    status: Literal["in_progress", "incomplete", "completed"]
    incomplete_details: MessageIncomplete | None
    completed_at: int | None
    incomplete_at: int | None
    role: Literal["user", "assistant"]
    content: tuple[MessageContent, ...]
    assistant_id: str | None
    run_id: str | None
    attachments: tuple[MessageAttachment, ...] | None
    metadata: dict[str, str]
    object: Literal["thread.message"] = "thread.message"


class MessageDeleted(Struct, frozen=True):
    id: str
    object: Literal["thread.message.deleted"] = "thread.message.deleted"
    deleted: bool = True


class MessageList(Struct, frozen=True):
    """A page of messages; `first_id` and `last_id` are null where it is empty."""

    data: tuple[MessageObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class ListMessages(ListObjects, frozen=True):
    """The query of a list of messages."""

    run_id: str | UnsetType = UNSET
    """Only those that this run wrote."""


class ImportedValue(Struct, frozen=True):
    value: str
    """Annotations are left out: what they point at is not here."""


class ImportedText(Struct, frozen=True, tag_field="type", tag="text"):
    text: ImportedValue | str


ImportedPart: TypeAlias = ImportedText | ImageFilePart | ImageUrlPart | RefusalContent


class ImportedLine(Struct, frozen=True):
    """A line of an export: the thread, or one of its messages."""

    object: Literal["thread", "thread.message"] | None = None
    created_at: Annotated[int, Meta(ge=0)] | None = None
    metadata: Metadata | None = None
    tool_resources: NewToolResources | None = None
    """Of a thread."""
    role: Literal["user", "assistant"] | None = None
    content: str | list[ImportedPart] | None = None
    attachments: list[MessageAttachment] | None = None
    assistant_id: str | None = None
    """Which assistant wrote it; kept as it is."""
