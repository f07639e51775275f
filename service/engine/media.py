"""Stored files for a model: a call that names some by id gets their bytes in their place.

Only the request to the provider has them; what is kept and shown of a run goes on naming ids. A file that
was deleted since its turn leaves a sentence in its place, so that its chain can go on.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, structs

from providers.base import ModelStream
from service.engine.ports import OpenModel
from service.store.file_records import FileRecord
from specs.contexts import found_in
from specs.errors import InvalidRequest, NotFound
from specs.items import File, FunctionResult, Image, Item, Message, MessagePart, Text
from specs.media_types import media_type_of_bytes
from specs.requests import FilePlace, ModelRequest

GONE = "There is no such file here."


class FileReader(Protocol):
    """Where files are. An id of another project is one that does not exist."""

    async def find(self, id: str, *, project: str) -> FileRecord | None:
        """Find a file. Raises StoreUnavailable."""
        ...

    async def read(self, file: FileRecord) -> bytes:
        """All its bytes. Raises StoreUnavailable."""
        ...


class NoFiles:
    """A service without files."""

    async def find(self, id: str, *, project: str) -> FileRecord | None:
        """There is none."""
        return None

    async def read(self, file: FileRecord) -> bytes:
        """There is nothing to read."""
        raise NotFound(GONE)


class Loaded(Struct, frozen=True):
    """A file as a model gets it."""

    url: str
    """A `data:` URL."""
    filename: str


class Media:
    """The files of one run, each read once. `most` bytes of them at most."""

    def __init__(self, files: FileReader, *, project: str, most: int) -> None:
        self._files = files
        self._project = project
        self._most = most
        self._loaded: dict[str, Loaded | None] = {}
        self._bytes = 0

    @property
    def gone(self) -> tuple[str, ...]:
        """The files that were named and are not there any more."""
        return tuple(id for id, loaded in self._loaded.items() if loaded is None)

    async def fill(self, request: ModelRequest) -> ModelRequest:
        """Put bytes where files are named.

        Raises StoreUnavailable, InvalidRequest for more bytes than may be or an image that is none.
        """
        named = found_in(request.items, _FILES)
        if not named:
            return request
        for id in dict.fromkeys(named):
            if id not in self._loaded:
                self._loaded[id] = await self._load(id)
        items = tuple(_filled(item, self._loaded) for item in request.items)
        return structs.replace(request, items=items)

    async def _load(self, id: str) -> Loaded | None:
        file = await self._files.find(id, project=self._project)
        if file is None:
            return None
        self._bytes += file.bytes
        if self._bytes > self._most:
            raise InvalidRequest(
                f"The files of one request may have {self._most} bytes together.", code="files_too_large"
            )
        try:
            content = await self._files.read(file)
        except NotFound:  # deleted a moment ago
            return None
        return Loaded(await asyncio.to_thread(data_url, content, file.media_type), file.filename)


class WithFiles:
    """Opens model calls with the files they name. `tell` takes a sentence for each that is gone."""

    def __init__(self, open_model: OpenModel, media: Media, *, tell: Callable[[str], None]) -> None:
        self._open_model = open_model
        self._media = media
        self._tell = tell
        self._told: frozenset[str] = frozenset()

    def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> Awaitable[ModelStream]:
        """Open a call. Raises what `Media.fill` and the call raise."""
        if not names_files(request.items):
            return self._open_model(request, step=step, first_item=first_item)
        return self._open_filled(request, step=step, first_item=first_item)

    async def _open_filled(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        filled = await self._media.fill(request)
        for id in sorted(set(self._media.gone) - self._told):
            self._tell(f"file_id: the file {id!r} of an earlier turn was deleted; the model is told so.")
        self._told = frozenset(self._media.gone)
        return await self._open_model(filled, step=step, first_item=first_item)


async def require_files(files: FileReader, places: Iterable[FilePlace], *, project: str) -> None:
    """Look for the files a request names, before anything is done for it.

    Raises NotFound whose `param` names the first that is not there.
    """
    known: set[str] = set()
    for place in places:
        if place.id not in known and await files.find(place.id, project=project) is None:
            raise NotFound(f"{place.param}: there is no such file here.", param=place.param)
        known.add(place.id)


def file_ids(items: Iterable[Item]) -> list[str]:
    """The stored files that items name."""
    parts: list[MessagePart] = []
    for item in items:
        if type(item) is Message:
            parts += item.content
        elif type(item) is FunctionResult:
            parts += item.output
    others = [part for part in parts if type(part) is not Text]
    return [part.file_id for part in others if isinstance(part, Image | File) and part.file_id is not None]


class _Files(Struct, frozen=True):
    """The stored files that items name."""

    def look(self, known: tuple[str, ...] | None, items: Sequence[Item]) -> tuple[str, ...]:
        return (*(known or ()), *file_ids(items))


_FILES = _Files()


def names_files(items: Sequence[Item]) -> bool:
    """Whether items name stored files."""
    return bool(found_in(items, _FILES))


def data_url(content: bytes, media_type: str) -> str:
    """Bytes as a `data:` URL, of the type they plainly are, else of the one given."""
    return f"data:{media_type_of_bytes(content, media_type)};base64,{base64.b64encode(content).decode()}"


def _parts(item: Item) -> tuple[MessagePart, ...]:
    match item:
        case Message():
            return item.content
        case FunctionResult():
            return item.output
        case _:
            return ()


def _filled(item: Item, loaded: Mapping[str, Loaded | None]) -> Item:
    if not file_ids((item,)):
        return item
    parts = tuple(_with_bytes(part, loaded) for part in _parts(item))
    match item:
        case Message():
            return structs.replace(item, content=parts)
        case FunctionResult():
            return structs.replace(item, output=parts)
        case _:
            return item


def _with_bytes(part: MessagePart, loaded: Mapping[str, Loaded | None]) -> MessagePart:
    if not isinstance(part, Image | File) or part.file_id is None:
        return part
    content = loaded[part.file_id]
    if content is None:
        return Text(f"[The file {part.file_id} was deleted and cannot be shown any more.]")
    if isinstance(part, File):
        named = part.filename or content.filename
        return structs.replace(part, data=content.url, file_id=None, filename=named)
    if not content.url.startswith("data:image/"):
        raise InvalidRequest(f"The file {part.file_id!r} is shown as an image, and is none.")
    return structs.replace(part, url=content.url, file_id=None)
