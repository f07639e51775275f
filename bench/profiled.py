"""The service under cProfile: `python -m bench.profiled FILE serve …`.

SIGUSR1 begins; another one writes what was found on the event loop's thread to FILE, and beside it the CPU
seconds of every thread.
"""

from __future__ import annotations

import cProfile
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


class Switch:
    """What the signal turns on, and off."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._profile = cProfile.Profile()
        self._before: dict[str, float] | None = None

    def __call__(self, *signal: Any) -> None:
        """The signal has come."""
        if self._before is None:
            self._before = thread_seconds()
            self._profile.enable()
            return
        self._profile.disable()
        after = thread_seconds()
        taken = {name: seconds - self._before.get(name, 0.0) for name, seconds in after.items()}
        self._file.with_suffix(".threads").write_text(json.dumps(taken))
        written = self._file.with_suffix(".part")
        self._profile.dump_stats(written)
        written.rename(self._file)


def thread_seconds() -> dict[str, float]:
    """The CPU seconds of each thread so far, by name."""
    found = {thread.name: thread.ident for thread in threading.enumerate() if thread.ident is not None}
    return {name: time.clock_gettime(time.pthread_getcpuclockid(ident)) for name, ident in found.items()}


def main() -> None:
    """Serve as the command line says."""
    signal.signal(signal.SIGUSR1, Switch(Path(sys.argv[1])))
    sys.argv = ["service", *sys.argv[2:]]
    from service.cli import main

    main()


if __name__ == "__main__":
    main()
