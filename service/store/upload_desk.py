"""Files that arrive in parts: begun, added to in any order, and then joined, or given up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from service.ids import new_id
from service.store.archive import Archive, NewFile, Receipt, now, record_of
from service.store.blobs import Blobs, Incoming
from service.store.file_records import FileRecord, NewPart, NewUpload, PartRecord, UploadRecord
from service.store.files import SqlFiles
from service.store.uploads import SqlUploads
from specs.errors import DragomanError, InvalidRequest, NotFound, StorageFull

UPLOAD_SECONDS = 3_600
"""How long an upload may wait for its parts."""
MAX_PART_BYTES = 64 * 1024 * 1024
MAX_PARTS = 10_000
_ID = re.compile(r"upload_[a-z0-9]{1,64}")


class UploadDesk:
    """The uploads of every project. Unknown and foreign ids are the same NotFound."""

    def __init__(self, archive: Archive, files: SqlFiles, uploads: SqlUploads, blobs: Blobs) -> None:
        self._archive = archive
        self._limits = archive.limits
        self._files = files
        self._uploads = uploads
        self._blobs = blobs

    def receiving(self, upload: UploadRecord) -> AbstractAsyncContextManager[Receipt]:
        """Take a part in for as long as the block lasts."""
        return self._archive.receiving(upload.project, most=MAX_PART_BYTES)

    async def begin(self, project: str, new: NewFile, *, bytes: int) -> UploadRecord:
        """Begin an upload.

        Raises InvalidRequest for more than a file may have, StorageFull.
        """
        if bytes > self._limits.max_file_bytes:
            raise InvalidRequest(
                f"bytes: a file may have at most {self._limits.max_file_bytes}; got {bytes}.", param="bytes"
            )
        if await self._files.stored(project) + bytes > self._limits.max_project_bytes:
            raise StorageFull(param="bytes")
        moment = now()
        upload = NewUpload(
            id=new_id("upload"),
            project=project,
            filename=new.filename,
            purpose=new.purpose,
            media_type=new.media_type,
            bytes=bytes,
            file_seconds=new.seconds,
            created_at=moment,
            expires_at=moment + UPLOAD_SECONDS,
        )
        await self._uploads.begin(upload)
        return await self.get(upload.id, project=project)

    async def get(self, id: str, *, project: str) -> UploadRecord:
        """Find an upload. Raises NotFound."""
        found = await self._uploads.get(id, project=project, now=now()) if _ID.fullmatch(id) else None
        if found is None:
            raise NotFound("There is no such upload here.")
        return found

    async def keep_part(self, receipt: Receipt, upload: UploadRecord) -> NewPart:
        """Make what was received a part of an upload.

        Raises InvalidRequest where the upload takes no more, StoreUnavailable.
        """
        size = receipt.incoming.bytes
        blob = await receipt.incoming.keep()
        part = NewPart(new_id("part"), upload.id, receipt.project, size, blob, now())
        try:
            added = await self._uploads.add_part(part, most_parts=MAX_PARTS)
        except DragomanError:
            await self._blobs.remove([blob])
            raise
        if not added:
            await self._blobs.remove([blob])
            refuse_unless_pending(await self.get(upload.id, project=upload.project))
            raise InvalidRequest(
                f"data: the parts of this upload may have {upload.bytes} bytes together, and be at most "
                f"{MAX_PARTS}.",
                param="data",
            )
        return part

    async def complete(self, upload: UploadRecord, part_ids: Sequence[str], *, md5: str | None) -> FileRecord:
        """Join an upload's parts, in this order, to the file it is.

        Raises InvalidRequest where they do not fit, StorageFull, StoreUnavailable.
        """
        refuse_unless_pending(upload)
        parts = _in_order(await self._uploads.parts(upload.id), part_ids)
        total = sum(part.bytes for part in parts)
        if total != upload.bytes:
            raise InvalidRequest(
                f"part_ids: the parts have {total} bytes together; the upload is of {upload.bytes}.",
                param="part_ids",
            )
        incoming = self._blobs.incoming()
        try:
            found = await self._joined(upload, parts, incoming)
            if md5 is not None and md5.lower() != found:
                raise InvalidRequest("md5: that is not the checksum of the parts in this order.", param="md5")
            return await self._complete(upload, incoming)
        finally:
            incoming.discard()

    async def _joined(self, upload: UploadRecord, parts: Sequence[PartRecord], incoming: Incoming) -> str:
        try:
            return await self._blobs.join([part.blob for part in parts], incoming)
        except NotFound:  # another request has completed or cancelled it meanwhile
            refuse_unless_pending(await self.get(upload.id, project=upload.project))
            raise

    async def _complete(self, upload: UploadRecord, incoming: Incoming) -> FileRecord:
        new = NewFile(upload.filename, upload.purpose, upload.media_type, upload.file_seconds)
        file = record_of(upload.project, new, bytes=incoming.bytes, blob=await incoming.keep())
        try:
            done_with = await self._uploads.complete(upload.id, file, most=self._limits.max_project_bytes)
        except DragomanError:
            await self._blobs.remove([file.blob])
            raise
        if done_with is None:
            await self._blobs.remove([file.blob])
            refuse_unless_pending(await self.get(upload.id, project=upload.project))
            raise InvalidRequest("This upload is no longer pending.")
        await self._blobs.remove(done_with)
        return file

    async def cancel(self, upload: UploadRecord) -> None:
        """Give an upload up. Raises InvalidRequest where it is no longer pending."""
        refuse_unless_pending(upload)
        dropped = await self._uploads.cancel(upload.id, project=upload.project, now=now())
        await self._blobs.remove(dropped or ())


def refuse_unless_pending(upload: UploadRecord) -> None:
    """Raises InvalidRequest where an upload is completed, cancelled or expired."""
    if upload.status != "pending":
        raise InvalidRequest(
            f"This upload is {upload.status}; only a pending one can go on.", param="upload_id"
        )


def _in_order(parts: dict[str, PartRecord], ids: Sequence[str]) -> list[PartRecord]:
    for index, id in enumerate(ids):
        if id not in parts:
            raise InvalidRequest(
                f"part_ids[{index}]: that is no part of this upload.", param=f"part_ids[{index}]"
            )
    if len(set(ids)) != len(ids):
        raise InvalidRequest("part_ids: each part may be named once.", param="part_ids")
    return [parts[id] for id in ids]
