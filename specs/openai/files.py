"""The Files and Uploads APIs on the wire: what is asked for, and the objects that are answered."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

Purpose: TypeAlias = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
PURPOSES: tuple[Purpose, ...] = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
"""What a caller may upload a file for."""
LEAST_SECONDS = 3_600
MOST_SECONDS = 2_592_000
"""Between these lies the life a caller may give a file."""


class ExpiresAfter(Struct, frozen=True):
    """When a file is to go by itself."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=LEAST_SECONDS, le=MOST_SECONDS)]


class CreateFile(Struct, frozen=True):
    """The form of `POST /v1/files`."""

    file: Annotated[str, Meta(extra_json_schema={"format": "binary"})]
    """The bytes, with a filename."""
    purpose: Purpose
    expires_anchor: Literal["created_at"] | UnsetType = field(default=UNSET, name="expires_after[anchor]")
    expires_seconds: Annotated[int, Meta(ge=LEAST_SECONDS, le=MOST_SECONDS)] | UnsetType = field(
        default=UNSET, name="expires_after[seconds]"
    )


class FileObject(Struct, frozen=True):
    """A stored file."""

    id: str
    bytes: int
    created_at: int
    """Unix seconds."""
    filename: str
    """For display; nothing is stored under it."""
    purpose: str
    expires_at: int | UnsetType = UNSET
    """Unix seconds; absent where it stays until it is deleted."""
    status: Literal["processed"] = "processed"
    object: Literal["file"] = "file"


class FileList(Struct, frozen=True):
    """A page of files."""

    data: tuple[FileObject, ...]
    first_id: str
    """Empty where the page is."""
    last_id: str
    has_more: bool
    object: Literal["list"] = "list"


class FileDeleted(Struct, frozen=True):
    """Word that a file is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class ListFiles(Struct, frozen=True):
    """The query of `GET /v1/files`."""

    after: str | UnsetType = UNSET
    """The id of the last file of the page before."""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000
    order: Literal["asc", "desc"] = "desc"
    """By the time of upload."""
    purpose: str | UnsetType = UNSET
    """Only files of this purpose."""


class CreateUpload(Struct, frozen=True):
    """The body of `POST /v1/uploads`."""

    bytes: Annotated[int, Meta(ge=1)]
    """How many bytes the parts will have together."""
    filename: str
    mime_type: str
    purpose: Purpose
    expires_after: ExpiresAfter | None = None


class AddUploadPart(Struct, frozen=True):
    """The form of `POST /v1/uploads/{upload_id}/parts`."""

    data: Annotated[str, Meta(extra_json_schema={"format": "binary"})]
    """The bytes of this part."""


class CompleteUpload(Struct, frozen=True):
    """The body of `POST /v1/uploads/{upload_id}/complete`."""

    part_ids: Annotated[list[str], Meta(min_length=1, max_length=10_000)]
    """Every part that is to be in the file, in order."""
    md5: str | None = None
    """Of the whole file, in hexadecimal digits; another one refuses the upload."""


class Upload(Struct, frozen=True):
    """A file that arrives in parts."""

    id: str
    bytes: int
    created_at: int
    expires_at: int
    """Unix seconds; until then it may be completed."""
    filename: str
    purpose: str
    status: Literal["pending", "completed", "cancelled", "expired"]
    file: FileObject | None = None
    """What it became, once it is completed."""
    object: Literal["upload"] = "upload"


class UploadPart(Struct, frozen=True):
    """A part of an upload."""

    id: str
    upload_id: str
    created_at: int
    object: Literal["upload.part"] = "upload.part"
