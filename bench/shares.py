"""Where a request's time goes, by room: `python -m bench.shares`.

The service runs under cProfile, which costs more where many small functions are called: these are shares, not
times. What a built-in function takes counts for the room that called it.
"""

from __future__ import annotations

import argparse
import json
import os
import pstats
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench import subjects
from bench.loads import APIS
from bench.measures import carry_out
from bench.processes import Child, free_port, python
from bench.subjects import Subject
from bench.tables import Rows, render

_ROOM = re.compile(
    r"(?:.*/)?(?:site-packages/(\w+)|(service/\w+|providers|specs)|(?:lib/python3\.\d+)/(\w+))"
)


class Shares:
    """What was found of one kind of request."""

    def __init__(self, title: str, answers: int, profile: Path) -> None:
        self.title = title
        self.calls = 0.0
        self.rooms: Counter[str] = Counter()
        stats: dict[Any, Any] = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
        for (file, _, _), (_, calls, own, _, callers) in stats.items():
            self.calls += calls / answers
            if file == "~" and callers:
                for (caller, _, _), (_, _, theirs, _) in callers.items():
                    self.rooms[room_of(caller)] += theirs
            else:
                self.rooms[room_of(file)] += own
        threads = json.loads(profile.with_suffix(".threads").read_text())
        del threads["MainThread"]
        self.other_ms = sum(threads.values()) / answers * 1000

    def share(self, room: str) -> float:
        """Of the event loop's thread."""
        return self.rooms[room] / sum(self.rooms.values())


def room_of(file: str) -> str:
    """The package a file belongs to; of ours, the room."""
    found = _ROOM.match(file)
    if found is None:
        return "the interpreter"
    name = next(group for group in found.groups() if group)
    return "asyncio" if name in ("asyncio", "uvloop") else name


def profiled(upstream: Subject, api: str, kind: str, *, connections: int, requests: int) -> Shares:
    """Serve one kind of request under the profiler."""
    with tempfile.TemporaryDirectory(prefix="dragoman-shares-") as name:
        folder = Path(name)
        answers = _serve(upstream, api, kind, folder=folder, connections=connections, most=requests)
        return Shares(f"{api} {kind}", answers, folder / "profile")


def _serve(upstream: Subject, api: str, kind: str, *, folder: Path, connections: int, most: int) -> int:
    port, config, profile = free_port(), folder / "bench.toml", folder / "profile"
    config.write_text(subjects.CONFIG.format(port=port, upstream=upstream.port))
    command = python("bench.profiled", str(profile), "serve", "--config", str(config))
    with Child(command, port=port, ready="/health/ready", environment={"DRAGOMAN_QUIET": "1"}) as child:
        headers = {"authorization": f"Bearer {subjects.create_key(config)}"}
        subject = Subject("service", port, child.pid, headers=headers)
        order = subject.order(api=api, kind=kind, connections=connections, seconds=60, deltas=100, most=most)
        carry_out(order)
        os.kill(child.pid, signal.SIGUSR1)
        result = carry_out(order)
        os.kill(child.pid, signal.SIGUSR1)
        while not profile.exists():
            time.sleep(0.05)
    return result.answers


def table(found: list[Shares]) -> Rows:
    """Rooms by what they take, those below a hundredth together."""
    rooms = sorted({room for each in found for room in each.rooms}, key=lambda room: -found[0].share(room))
    shown = [room for room in rooms if any(each.share(room) >= 0.01 for each in found)]
    rows = [["room", *(each.title for each in found)]]
    rows += [[room, *(f"{each.share(room):.0%}" for each in found)] for room in shown]
    rest = (1 - sum(map(each.share, shown)) for each in found)
    rows.append(["the rest", *(f"{share:.0%}" for share in rest)])
    rows.append(["calls of functions", *(f"{each.calls:.0f}" for each in found)])
    rows.append(["other threads, ms", *(f"{each.other_ms:.2f}" for each in found)])
    return rows


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.shares", description=__doc__)
    parser.add_argument("--apis", default="chat,responses", help=f"of {', '.join(APIS)}")
    parser.add_argument("--kinds", default="json,stream", help="which answers (default: both)")
    parser.add_argument("--connections", type=int, default=32, help="how many (default: 32)")
    parser.add_argument("--requests", type=int, default=1500, help="how many (default: 1500)")
    options = parser.parse_args()
    with subjects.mock(deltas=100, paced_deltas=1) as upstream:
        found = [
            profiled(upstream, api, kind, connections=options.connections, requests=options.requests)
            for api in options.apis.split(",")
            for kind in options.kinds.split(",")
        ]
    print(render(table(found)))


if __name__ == "__main__":
    sys.exit(main())
