"""The routes of the Files API."""

from __future__ import annotations

from typing import Any, cast

from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import UNSET

from service.http.answers import json_answer
from service.http.downloads import Download
from service.http.forms import Form, display_name, read_form
from service.http.house import house_of, key_of
from service.http.pages import page_of
from service.store.archive import NewFile
from service.store.file_records import FileRecord
from specs.errors import InvalidRequest
from specs.media_types import media_type_of
from specs.openai.files import (
    LEAST_SECONDS,
    MOST_SECONDS,
    PURPOSES,
    CreateFile,
    FileDeleted,
    FileList,
    FileObject,
    ListFiles,
)

MAX_PAGE = 10_000
BATCH_SECONDS = MOST_SECONDS
"""How long a file of purpose `batch` lives where nothing else is said, as in OpenAI's API."""


@post(
    "/files",
    opt={"scope": "files", "limit": "files", "form": CreateFile, "answer": FileObject},
    status_code=200,
    request_max_body_size=None,
    operation_id="createFile",
    summary="Upload a file",
    tags=["Files"],
)
async def create_file(request: Request[Any, Any, Any]) -> ASGIApp:
    """Store a file; its bytes go to the disk as they arrive."""
    archive = house_of(request).archive
    async with archive.receiving(key_of(request).project) as receipt:
        form = await read_form(request, "file", receipt.write)
        return json_answer(file_to_wire(await archive.keep(receipt, form_to_file(form))))


@get(
    "/files",
    opt={"scope": "files", "limit": "files", "query": ListFiles, "answer": FileList},
    operation_id="listFiles",
    summary="List files",
    tags=["Files"],
)
async def list_files(request: Request[Any, Any, Any]) -> ASGIApp:
    """The files of the key's project, newest first unless asked otherwise."""
    asked = page_of(request, default=MAX_PAGE, most=MAX_PAGE)
    page = await house_of(request).archive.page(
        key_of(request).project,
        after=asked.after,
        limit=asked.limit,
        order=asked.order,
        purpose=request.query_params.get("purpose") or None,
    )
    files = tuple(map(file_to_wire, page.files))
    first, last = (files[0].id, files[-1].id) if files else ("", "")
    return json_answer(FileList(files, first, last, page.has_more))


@get(
    "/files/{file_id:str}",
    opt={"scope": "files", "limit": "files", "answer": FileObject},
    operation_id="retrieveFile",
    summary="Show a file",
    tags=["Files"],
)
async def retrieve_file(request: Request[Any, Any, Any], file_id: str) -> ASGIApp:
    """What is known of a file."""
    return json_answer(
        file_to_wire(await house_of(request).archive.get(file_id, project=key_of(request).project))
    )


@delete(
    "/files/{file_id:str}",
    opt={"scope": "files", "limit": "files", "answer": FileDeleted},
    status_code=200,
    operation_id="deleteFile",
    summary="Delete a file",
    tags=["Files"],
)
async def delete_file(request: Request[Any, Any, Any], file_id: str) -> ASGIApp:
    """Delete a file and its bytes."""
    await house_of(request).archive.delete(file_id, project=key_of(request).project)
    return json_answer(FileDeleted(file_id))


@get(
    "/files/{file_id:str}/content",
    opt={"scope": "files", "limit": "files", "answer": bytes},
    operation_id="downloadFile",
    summary="Download a file",
    tags=["Files"],
)
async def download_file(request: Request[Any, Any, Any], file_id: str) -> ASGIApp:
    """The bytes of a file, as they were uploaded."""
    house = house_of(request)
    file = await house.archive.get(file_id, project=key_of(request).project)
    chunks = house.archive.chunks(file)
    return cast(ASGIApp, Download(file, chunks, stall_seconds=house.settings.engine.stall_seconds))


def file_to_wire(file: FileRecord) -> FileObject:
    """A file as the API shows it."""
    return FileObject(
        file.id,
        file.bytes,
        file.created_at,
        file.filename,
        file.purpose,
        UNSET if file.expires_at is None else file.expires_at,
    )


def form_to_file(form: Form) -> NewFile:
    """What a form says of its file.

    Raises InvalidRequest naming the field at fault.
    """
    filename = display_name(form.file.filename, param="file")
    if not form.file.bytes:
        raise InvalidRequest("file: the file is empty.", param="file")
    purpose = purpose_of(form.texts.get("purpose"))
    return NewFile(filename, purpose, media_type_of(filename, form.file.media_type), _seconds(form, purpose))


def purpose_of(purpose: str | None) -> str:
    """Check what a file is for. Raises InvalidRequest."""
    if not purpose:
        raise InvalidRequest("Missing required field 'purpose'.", param="purpose")
    if purpose not in PURPOSES:
        allowed = ", ".join(map(repr, PURPOSES))
        raise InvalidRequest(f"purpose must be one of {allowed}; got {purpose[:80]!r}.", param="purpose")
    return purpose


def default_seconds(purpose: str) -> int | None:
    """How long a file lives where its caller says nothing."""
    return BATCH_SECONDS if purpose == "batch" else None


def _seconds(form: Form, purpose: str) -> int | None:
    anchor = form.texts.get("expires_after[anchor]")
    seconds = form.texts.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return default_seconds(purpose)
    if anchor != "created_at":
        param = "expires_after[anchor]"
        raise InvalidRequest(f"{param} must be 'created_at'.", param=param)
    number = int(seconds) if seconds and seconds.isascii() and seconds.isdigit() and len(seconds) < 10 else 0
    if not LEAST_SECONDS <= number <= MOST_SECONDS:
        param = "expires_after[seconds]"
        raise InvalidRequest(f"{param} must be from {LEAST_SECONDS} to {MOST_SECONDS}.", param=param)
    return number
