"""The routes of the Uploads API: files that arrive in parts."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp
from msgspec import structs

from service.dialects.validation import decode
from service.http.answers import json_answer, require_json
from service.http.files import default_seconds, file_to_wire
from service.http.forms import display_name, read_form
from service.http.house import house_of, key_of
from service.store.archive import NewFile
from service.store.file_records import FileRecord, UploadRecord
from service.store.upload_desk import refuse_unless_pending
from specs.errors import InvalidRequest
from specs.media_types import media_type_of
from specs.openai.files import AddUploadPart, CompleteUpload, CreateUpload, Upload, UploadPart

_create = msgspec.json.Decoder(CreateUpload)
_complete = msgspec.json.Decoder(CompleteUpload)


@post(
    "/uploads",
    opt={"scope": "files", "limit": "files", "body": CreateUpload, "answer": Upload},
    status_code=200,
    operation_id="createUpload",
    summary="Begin to upload a file in parts",
    tags=["Uploads"],
)
async def create_upload(request: Request[Any, Any, Any]) -> ASGIApp:
    """Begin an upload. It has an hour to be completed."""
    require_json(request)
    asked = decode(await request.body(), _create)
    filename = display_name(asked.filename, param="filename")
    seconds = asked.expires_after.seconds if asked.expires_after else default_seconds(asked.purpose)
    new = NewFile(filename, asked.purpose, media_type_of(filename, asked.mime_type), seconds)
    upload = await house_of(request).uploads.begin(key_of(request).project, new, bytes=asked.bytes)
    return json_answer(upload_to_wire(upload))


@post(
    "/uploads/{upload_id:str}/parts",
    opt={"scope": "files", "limit": "files", "form": AddUploadPart, "answer": UploadPart},
    status_code=200,
    request_max_body_size=None,
    operation_id="addUploadPart",
    summary="Add a part to an upload",
    tags=["Uploads"],
)
async def add_upload_part(request: Request[Any, Any, Any], upload_id: str) -> ASGIApp:
    """Store a part of at most 64 MiB. Parts may arrive in any order, and at once."""
    uploads = house_of(request).uploads
    upload = await uploads.get(upload_id, project=key_of(request).project)
    refuse_unless_pending(upload)
    async with uploads.receiving(upload) as receipt:
        form = await read_form(request, "data", receipt.write)
        if not form.file.bytes:
            raise InvalidRequest("data: the part is empty.", param="data")
        part = await uploads.keep_part(receipt, upload)
    return json_answer(UploadPart(part.id, part.upload, part.created_at))


@post(
    "/uploads/{upload_id:str}/complete",
    opt={"scope": "files", "limit": "files", "body": CompleteUpload, "answer": Upload},
    status_code=200,
    operation_id="completeUpload",
    summary="Make an upload a file",
    tags=["Uploads"],
)
async def complete_upload(request: Request[Any, Any, Any], upload_id: str) -> ASGIApp:
    """Join the parts in the order they are named. They must have as many bytes as were announced."""
    require_json(request)
    asked = decode(await request.body(), _complete)
    uploads = house_of(request).uploads
    upload = await uploads.get(upload_id, project=key_of(request).project)
    file = await uploads.complete(upload, asked.part_ids, md5=asked.md5)
    return json_answer(upload_to_wire(structs.replace(upload, status="completed"), file))


@post(
    "/uploads/{upload_id:str}/cancel",
    opt={"scope": "files", "limit": "files", "answer": Upload},
    status_code=200,
    operation_id="cancelUpload",
    summary="Give an upload up",
    tags=["Uploads"],
)
async def cancel_upload(request: Request[Any, Any, Any], upload_id: str) -> ASGIApp:
    """Give an upload up; no more parts may be added."""
    uploads = house_of(request).uploads
    upload = await uploads.get(upload_id, project=key_of(request).project)
    await uploads.cancel(upload)
    return json_answer(upload_to_wire(structs.replace(upload, status="cancelled")))


def upload_to_wire(upload: UploadRecord, file: FileRecord | None = None) -> Upload:
    """An upload as the API shows it."""
    return Upload(
        id=upload.id,
        bytes=upload.bytes,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
        filename=upload.filename,
        purpose=upload.purpose,
        status=upload.status,
        file=None if file is None else file_to_wire(file),
    )
