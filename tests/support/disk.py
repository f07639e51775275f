"""A disk whose power can be cut: what is written lies in a volatile layer until it is synced.

An SQLite VFS over real files: those are what the running process sees (the page cache), while the
platter is kept beside them in memory. After a cut `survivors` says what a reboot would find.

The model grants what SQLite asks of a disk (https://sqlite.org/psow.html) and no more: a write may
be kept, dropped or torn in any of its sectors, in any order, and leave garbage in place of what it
wrote, but it harms no byte outside its range. Names come and go durably when their folder is synced,
which SQLite does with the first sync of a journal or WAL it has opened; a file's own sync secures its name.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any, TypeAlias

import apsw
from msgspec import Struct, field

SECTOR = 512
_numbers = itertools.count()


class Write(Struct, frozen=True):
    """Bytes on their way to the platter."""

    offset: int
    data: bytes


class Truncate(Struct, frozen=True):
    """A new length on its way to the platter."""

    size: int


Change: TypeAlias = Write | Truncate


class Inode(Struct):
    """A file: what the platter has of it, and what is on its way there, in order."""

    platter: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        """Bring everything to the platter."""
        for change in self.pending:
            apply(self.platter, change)
        self.pending.clear()


def apply(content: bytearray, change: Change) -> None:
    """Do a change; a gap before a write is zeros."""
    match change:
        case Truncate(size):
            del content[size:]
        case Write(offset, data):
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data


class Disk:
    """The files of one folder on a disk of their own; open databases on it with `vfs=disk.name`."""

    def __init__(self, folder: Path) -> None:
        self.name = f"disk-{next(_numbers)}"
        self.operations = 0
        """Writes, truncations, syncs and deletions so far, the refused ones too."""
        self.cut_at: int | None = None
        """The operation during which the power fails."""
        self.syncs = 0
        self.failing_syncs: frozenset[int] = frozenset()
        """Which syncs fail, by number; as on Linux, what they were to bring home is then forgotten."""
        self.has_forgotten = False
        """Whether a sync has failed: from then on what is read may be more than the platter has."""
        self.off = False
        self.cut_during = ""
        """What was being done when the power failed: the operation and the file's extension."""
        self._inodes = {path.name: Inode(bytearray(path.read_bytes())) for path in folder.iterdir()}
        self._on_platter = dict(self._inodes)
        self._vfs = _Vfs(self)

    def close(self) -> None:
        """Take it away from SQLite."""
        self._vfs.unregister()

    def inode(self, name: str) -> Inode:
        """The file of this name, made where there is none."""
        return self._inodes.setdefault(name, Inode())

    def change(self, name: str, inode: Inode, change: Change) -> None:
        """Take a change into the volatile layer; the one at which the power fails may still be torn."""
        if not self.off:
            inode.pending.append(change)
        self._operate("write", name, apsw.SQLITE_IOERR_WRITE)

    def sync(self, name: str, inode: Inode, *, folder: bool) -> None:
        """Bring a file and its name to the platter, and with `folder` every name as it is now."""
        self._operate("sync", name, apsw.SQLITE_IOERR_FSYNC)
        self.syncs += 1
        if self.syncs in self.failing_syncs:
            inode.pending.clear()
            self.has_forgotten = True
            raise _failure(apsw.SQLITE_IOERR_FSYNC)
        inode.sync()
        if self._inodes.get(name) is inode:
            self._on_platter[name] = inode
        if folder:
            self._on_platter = dict(self._inodes)

    def delete(self, name: str, *, durably: bool) -> None:
        """Take a name away; on the platter only when the folder is synced too."""
        self._operate("delete", name, apsw.SQLITE_IOERR_DELETE)
        self._inodes.pop(name, None)
        if durably:
            self._on_platter.pop(name, None)

    def cut(self) -> None:
        """Let the power fail now, between two operations."""
        self.off, self.cut_during = True, "nothing"

    def _operate(self, what: str, name: str, code: int) -> None:
        self.operations += 1
        if self.operations == self.cut_at:
            self.off = True
            self.cut_during = f"{what} {Path(name).suffix}"
        if self.off:
            raise _failure(code)

    def survivors(self, chance: random.Random) -> dict[str, bytes]:
        """What a reboot finds: the platter, and of what was on its way nothing, some, or most."""
        names = sorted(self._inodes.keys() | self._on_platter.keys())
        either = (self._on_platter, self._inodes)
        found = {name: inode for name in names if (inode := chance.choice(either).get(name))}
        share = chance.choice((0.0, 0.0, 0.1, 0.5, 0.9))
        return {name: _remains(inode, chance, share) for name, inode in found.items()}


def _remains(inode: Inode, chance: random.Random, share: float) -> bytes:
    content = bytearray(inode.platter)
    for change in inode.pending:
        match change:
            case Truncate():
                if chance.random() < share:
                    apply(content, change)
            case Write(offset, data):
                for piece in _sectors(offset, data):
                    if chance.random() < share:
                        apply(content, piece if chance.random() < 0.95 else _garbage(piece, chance))
    return bytes(content)


def _sectors(offset: int, data: bytes) -> list[Write]:
    """Split a write where the sectors of the disk are."""
    ends = [*range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
    return [Write(offset + start, data[start:end]) for start, end in itertools.pairwise([0, *ends])]


def _garbage(write: Write, chance: random.Random) -> Write:
    return Write(write.offset, chance.randbytes(len(write.data)))


def _failure(code: int) -> apsw.Error:
    error = apsw.IOError("the disk failed")
    error.extendedresult = code
    return error


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.name, "")
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.delete(Path(filename).name, durably=syncdir)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name
        self._inode = disk.inode(self._name)
        self._syncs_folder = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL))

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.change(self._name, self._inode, Write(offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.change(self._name, self._inode, Truncate(newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.sync(self._name, self._inode, folder=self._syncs_folder)
        self._syncs_folder = False
