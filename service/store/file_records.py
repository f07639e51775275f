"""What is known of stored files and of uploads in parts; the bytes lie elsewhere."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Order: TypeAlias = Literal["asc", "desc"]
UploadStatus: TypeAlias = Literal["pending", "completed", "cancelled", "expired"]


class FileRecord(Struct, frozen=True):
    """A file. Times are Unix seconds."""

    id: str
    project: str
    filename: str
    """As the caller named it, for display only."""
    purpose: str
    media_type: str
    bytes: int
    blob: str
    """The name its bytes lie under."""
    created_at: int
    expires_at: int | None = None


class FilePage(Struct, frozen=True):
    """Some files in order."""

    files: tuple[FileRecord, ...]
    has_more: bool


class NewUpload(Struct, frozen=True):
    """An upload that begins."""

    id: str
    project: str
    filename: str
    purpose: str
    media_type: str
    bytes: int
    """What its parts will have together."""
    file_seconds: int | None
    """How long the file may live, counted from its own creation; None is for ever."""
    created_at: int
    expires_at: int
    """Until then it can be completed."""


class UploadRecord(Struct, frozen=True):
    """An upload as it stands."""

    id: str
    project: str
    filename: str
    purpose: str
    media_type: str
    bytes: int
    file_seconds: int | None
    status: UploadStatus
    created_at: int
    expires_at: int
    parts: int
    """How many have arrived."""
    received: int
    """What those have together, in bytes."""


class PartRecord(Struct, frozen=True):
    """A part of an upload."""

    id: str
    bytes: int
    blob: str


class NewPart(Struct, frozen=True):
    """A part whose bytes are on disk."""

    id: str
    upload: str
    project: str
    bytes: int
    blob: str
    created_at: int
