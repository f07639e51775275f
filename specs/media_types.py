"""Media types of files: by the ending of a name, by how the bytes begin, and what kinds there are."""

from __future__ import annotations

import re

OCTETS = "application/octet-stream"
PDF = "application/pdf"
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

_OFFICE = "application/vnd.openxmlformats-officedocument"
BY_ENDING = {
    "c": "text/x-c",
    "cpp": "text/x-c++",
    "cs": "text/x-csharp",
    "css": "text/css",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "gif": "image/gif",
    "go": "text/x-golang",
    "htm": "text/html",
    "html": "text/html",
    "java": "text/x-java",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "log": "text/plain",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "pdf": PDF,
    "php": "text/x-php",
    "png": "image/png",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "py": "text/x-python",
    "rb": "text/x-ruby",
    "sh": "application/x-sh",
    "tar": "application/x-tar",
    "tex": "text/x-tex",
    "toml": "application/toml",
    "ts": "application/typescript",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webp": "image/webp",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "xml": "text/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zip": "application/zip",
}
"""What a name says, where the caller says nothing."""
_TEXTS = frozenset(BY_ENDING[ending] for ending in ("json", "jsonl", "sh", "toml", "ts", "yaml"))
_HEADS = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_WELL_FORMED = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")


def media_type_of(filename: str, said: str | None) -> str:
    """The type of a file: what its caller says where that says something, else what its name does."""
    said = (said or "").lower()
    if said and said != OCTETS and _WELL_FORMED.fullmatch(said):
        return said
    return BY_ENDING.get(filename.rpartition(".")[2].lower(), OCTETS)


def media_type_of_bytes(data: bytes, otherwise: str) -> str:
    """The type of bytes: what they begin with where that is plain, else the one given."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media for head, media in _HEADS if data.startswith(head)), otherwise)


def is_text(media_type: str) -> bool:
    """Whether what has this type is read as it stands."""
    return media_type.startswith("text/") or media_type in _TEXTS
