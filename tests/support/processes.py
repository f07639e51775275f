"""Our service as a real process: started, waited for, stopped, killed."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tests.support.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port of the loopback that nobody listens on right now.

    Below those the system gives to connections that go out: one of them could take it before it is used.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class NotReady(RuntimeError):
    """A process ended or took too long before it was ready; the message holds its log's end."""


class Service:
    """One service on one configuration file; can be started again after a stop or a kill."""

    def __init__(self, config: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.config = config
        self.port = free_port()
        self.log = config.with_suffix(".log")
        """Standard output and error of every start, appended."""
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where it listens, without `/v1`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running service."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self, *, seconds: float = PATIENCE) -> float:
        """Start it and wait until it is ready; gives the seconds that took."""
        self.spawn()
        return self.wait_until_ready(seconds=seconds)

    def wait_until_ready(self, *, seconds: float = PATIENCE) -> float:
        """Wait for a process that was started; gives the seconds that took."""
        began = time.monotonic()
        while not is_ready(self.base_url):
            if not self.is_running():
                raise NotReady(f"ended with {self._process and self._process.returncode}:\n{self.log_end()}")
            if time.monotonic() - began > seconds:
                self.kill()
                raise NotReady(f"not ready after {seconds} s:\n{self.log_end()}")
            time.sleep(0.02)
        return time.monotonic() - began

    def spawn(self) -> None:
        """Start it and wait for nothing."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command("serve", config=self.config),
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self, *, seconds: float = PATIENCE) -> int:
        """Ask it to end (SIGTERM) and give its exit code."""
        assert self._process is not None, "not started"
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def wait(self, *, seconds: float) -> int:
        """Wait for it to end by itself and give its exit code; subprocess.TimeoutExpired."""
        assert self._process is not None, "not started"
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it without a word (SIGKILL)."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()

    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def run(self, *arguments: str) -> bytes:
        """One command of the CLI on the same configuration; gives what it printed."""
        result = subprocess.run(
            command(*arguments, config=self.config),
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            timeout=2 * PATIENCE,
        )
        if result.returncode:
            raise RuntimeError(f"{arguments} ended with {result.returncode}: {result.stderr.decode()}")
        return result.stdout

    def create_key(self, *options: str, name: str = "test") -> str:
        """A new key's secret; without options its balance is unlimited."""
        printed = self.run("keys", "create", "--name", name, *(options or ("--unlimited",)), "--json")
        return msgspec.json.decode(printed)["key"]

    def environment(self) -> dict[str, str]:
        """This process's environment without the variables that would configure the service."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN")}
        ours = {"DRAGOMAN__SERVER__PORT": str(self.port), "DRAGOMAN_QUIET": "1"}
        return {**inherited, **ours, **self._environment}

    def log_end(self, *, characters: int = 4000) -> str:
        """The last of what it logged."""
        return self.log.read_text(errors="replace")[-characters:]


def command(*arguments: str, config: Path) -> list[str]:
    """The command line of one CLI command."""
    return [sys.executable, "-m", "service", *arguments, "--config", str(config)]


def is_ready(base_url: str) -> bool:
    """Whether `/health/ready` answers 200."""
    try:
        with urllib.request.urlopen(f"{base_url}/health/ready", timeout=PATIENCE) as response:
            return response.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def running(config: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Service]:
    """A started service that is gone afterwards, whatever happens."""
    service = Service(config, environment=environment)
    service.start()
    try:
        yield service
    finally:
        if service.is_running():
            service.stop()
