"""Sealing: what must lie in the database unreadable is encrypted with a key that does not lie there.

AES-256-GCM (NIST SP 800-38D) under the key-encryption key; what a sealed thing is about (its project,
its place) is authenticated with it, so that it opens nowhere else.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from contextlib import suppress
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
    """Seals and opens with the keys in a file, made there for its owner alone when it is absent.

    One key a line, in base64: the first seals, all open. A file that changed is read again when
    something does not open, so that a process goes on while its key is replaced.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ciphers: tuple[AESGCM, ...] = ()
        self._identity: tuple[int, int] | None = None

    def seal(self, data: bytes, *, about: str) -> bytes:
        """Encrypt; only `open` with the same `about` reads it again. Raises BadKeyFile."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._loaded()[0].encrypt(nonce, data, about.encode())

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Decrypt. Raises Unsealable, BadKeyFile."""
        opened = _open(self._loaded(), sealed, about)
        if opened is None and self._identity != _identity(self._file):
            self._ciphers = ()
            opened = _open(self._loaded(), sealed, about)
        if opened is None:
            raise Unsealable
        return opened

    def forget(self) -> None:
        """Read the file anew when it is next wanted."""
        self._ciphers = ()

    def is_current(self, sealed: bytes, *, about: str) -> bool:
        """Whether it was sealed with the key that seals now. Raises BadKeyFile."""
        return _open(self._loaded()[:1], sealed, about) is not None

    def _loaded(self) -> tuple[AESGCM, ...]:
        if not self._ciphers:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            keys = _read_or_make(self._file)
            self._identity = _identity(self._file)
            self._ciphers = tuple(AESGCM(key) for key in keys)
        return self._ciphers


def _open(ciphers: tuple[AESGCM, ...], sealed: bytes, about: str) -> bytes | None:
    from cryptography.exceptions import InvalidTag

    if sealed[:1] != VERSION or len(sealed) <= 1 + NONCE_BYTES:
        return None
    nonce, encrypted = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    for cipher in ciphers:
        with suppress(InvalidTag):
            return cipher.decrypt(nonce, encrypted, about.encode())
    return None


def _identity(file: Path) -> tuple[int, int] | None:
    """Tells one state of the file from the next."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def add_key(file: Path) -> None:
    """Make a new key the one that seals; those before it still open. Raises BadKeyFile."""
    _replace(file, [os.urandom(KEY_BYTES), *_read_or_make(file)])


def drop_old_keys(file: Path) -> int:
    """Forget every key but the one that seals; says how many. Raises BadKeyFile."""
    keys = _read_or_make(file)
    _replace(file, keys[:1])
    return len(keys) - 1


def _replace(file: Path, keys: list[bytes]) -> None:
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.unlink(missing_ok=True)
        write_once(draft, _lines(keys))
        os.replace(draft, file)
    except OSError as error:
        raise BadKeyFile(f"{file} cannot be replaced: {error.strerror}") from error


def _lines(keys: list[bytes]) -> bytes:
    return b"".join(b64encode(key) + b"\n" for key in keys)


def _read_or_make(file: Path) -> list[bytes]:
    if file.exists():
        return _read(file)
    key = os.urandom(KEY_BYTES)
    try:
        write_once(file, _lines([key]))
    except FileExistsError:
        return _read(file)
    except OSError as error:
        raise BadKeyFile(f"{file} cannot be made: {error.strerror}. Set DRAGOMAN_SECRET_KEY_FILE.") from error
    return [key]


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


def _read(file: Path) -> list[bytes]:
    try:
        keys = [b64decode(line, validate=True) for line in file.read_bytes().split()]
    except (OSError, ValueError) as error:
        raise BadKeyFile(f"{file} cannot be read as a key: {error}") from error
    wrong = next((len(key) for key in keys if len(key) != KEY_BYTES), None if keys else 0)
    if wrong is not None:
        raise BadKeyFile(f"{file} holds {wrong} bytes, {KEY_BYTES} in base64 are wanted")
    return keys
