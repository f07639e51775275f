"""Inline images, files and sounds: what a `data:` URL, or bare base64, holds."""

from __future__ import annotations

import base64
from urllib.parse import unquote_to_bytes

from msgspec import Struct

PDF = "application/pdf"


class InlineMedia(Struct, frozen=True):
    media_type: str
    base64: str


def media_of_url(url: str) -> InlineMedia | None:
    """Read a `data:` URL (RFC 2397); None when it is malformed."""
    head, comma, payload = url.removeprefix("data:").partition(",")
    media_type, *parameters = head.split(";")
    if not comma:
        return None
    media_type = media_type.strip().lower() or "text/plain"
    if "base64" in (each.strip().lower() for each in parameters):
        return InlineMedia(media_type, payload)
    return InlineMedia(media_type, base64.b64encode(unquote_to_bytes(payload)).decode())


def media_of_file(data: str) -> InlineMedia | None:
    """Read a file's data: a `data:` URL, or bare base64, which says nothing of its type. A PDF begins
    with `%PDF-`, which is `JVBERi0` in base64."""
    if data.startswith("data:"):
        return media_of_url(data)
    return InlineMedia(PDF if data.startswith("JVBERi0") else "text/plain", data)
