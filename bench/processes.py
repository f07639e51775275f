"""Child processes of the bench: started, waited for, measured through /proc, ended."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from msgspec import Struct

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parents[1]


class Stat(Struct, frozen=True):
    """What the system tells of one process."""

    parent: int
    cpu_ms: float
    """User and system time, its own and that of children it has waited for."""


def free_port() -> int:
    """A port of the loopback that nobody listens on right now.

    Below those the system gives to connections that go out: one of them could take it before it is used.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def stat(pid: int) -> Stat | None:
    """Read one process; None when it is gone. Fields as in proc(5).

    Its own time is that of its clock: the fields have it too, in steps of ten milliseconds.
    """
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
        own_ms = time.clock_gettime(cpu_clock(pid)) * 1000
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()
    return Stat(int(fields[1]), own_ms + sum(map(int, fields[13:15])) * TICK_MS)


def cpu_clock(pid: int) -> int:
    """The clock of a process's CPU time, as clock_getcpuclockid(3) names it."""
    return ~pid << 3 | 2


def tree(root: int) -> dict[int, Stat]:
    """A process and all its descendants."""
    seen = {int(name): stat(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    found: dict[int, Stat] = {}
    wanted = [root]
    while wanted:
        pid = wanted.pop()
        if (entry := seen.get(pid)) is not None:
            found[pid] = entry
            wanted += [child for child, other in seen.items() if other is not None and other.parent == pid]
    return found


def cpu_ms(root: int) -> float:
    """CPU time of the whole process tree so far."""
    return sum(entry.cpu_ms for entry in tree(root).values())


def rss_kb(root: int) -> int:
    """Resident memory of the whole process tree, in kB."""
    return sum(_rss_kb(pid) for pid in tree(root))


def _rss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def python(*arguments: str) -> list[str]:
    """The command that runs a module of ours."""
    return [sys.executable, "-m", *arguments]


class Child:
    """A server process that ends with its `with` block."""

    def __init__(
        self,
        command: list[str],
        *,
        port: int,
        ready: str | None = None,
        environment: dict[str, str] | None = None,
        patience: float = 60.0,
    ) -> None:
        self.port = port
        self._ready = ready
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._patience = patience

    def __enter__(self) -> Child:
        began = time.monotonic()
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self.pid = self._process.pid
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() - began > self._patience:
                self._log.seek(0)
                told = self._log.read()[-2000:].decode(errors="replace")
                self._end()
                raise SystemExit(f"did not get ready: {' '.join(self._command)}\n{told}")
            time.sleep(0.02)
        self.ready_after = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _is_ready(self) -> bool:
        try:
            if self._ready is None:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self._ready}", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
