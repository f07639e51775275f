"""Sealing: what must lie in the database unreadable is encrypted with a key that does not lie there.

AES-256-GCM (NIST SP 800-38D) under the key-encryption key; what a sealed thing is about (its project,
its place) is authenticated with it, so that it opens nowhere else.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12


class Unsealable(Exception):
    """It was sealed by another key, for another place, or altered since."""


class BadKeyFile(Exception):
    """The file of the key-encryption key cannot be used; the message says why."""


class Sealer:
    """Seals and opens with the key in a file, made there for its owner alone when it is absent."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def seal(self, data: bytes, *, about: str) -> bytes:
        """Encrypt; only `open` with the same `about` reads it again. Raises BadKeyFile."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, data, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Decrypt. Raises Unsealable, BadKeyFile."""
        from cryptography.exceptions import InvalidTag

        if sealed[:1] != VERSION or len(sealed) <= 1 + NONCE_BYTES:
            raise Unsealable
        nonce, encrypted = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, encrypted, about.encode())
        except InvalidTag as error:
            raise Unsealable from error

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(_read_or_make(self._file))


def _read_or_make(file: Path) -> bytes:
    if file.exists():
        return _read(file)
    key = os.urandom(KEY_BYTES)
    try:
        write_once(file, b64encode(key) + b"\n")
    except FileExistsError:
        return _read(file)
    except OSError as error:
        raise BadKeyFile(f"{file} cannot be made: {error.strerror}. Set DRAGOMAN_SECRET_KEY_FILE.") from error
    return key


def write_once(file: Path, content: bytes) -> None:
    """Make a file for its owner alone, whole and on the disk or not at all, whenever the process dies.

    Raises FileExistsError where there is one already, OSError.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        os.link(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(file: Path) -> bytes:
    try:
        key = b64decode(file.read_bytes().strip(), validate=True)
    except (OSError, ValueError) as error:
        raise BadKeyFile(f"{file} cannot be read as a key: {error}") from error
    if len(key) != KEY_BYTES:
        raise BadKeyFile(f"{file} holds {len(key)} bytes, {KEY_BYTES} in base64 are wanted")
    return key
