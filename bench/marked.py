"""The service with a mark at each stage of a request: `python -m bench.marked FILE serve …`.

The marks, a name and a moment each, are written to FILE when it ends.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

from providers import transport
from providers.exchange import Exchange
from service.http import answers
from service.http.protocol import Connection
from service.ledger.hold import Hold
from service.ledger.holds import Ledger

BEGINNING = "request arrives"
STAGES: tuple[tuple[Any, str, str, str], ...] = (
    (Connection, "data_received", BEGINNING, ""),
    (answers, "begin_run", "key checked, body read", ""),
    (Ledger, "hold", "run begun", "hold on disk"),
    (transport, "write", "request encoded", "request sent"),
    (Exchange, "feed_data", "answer arrives", ""),
    (Hold, "settle", "answer decoded", ""),
    (answers, "whole_answer", "settlement and end on disk", "answer rendered"),
    (answers.JSONAnswer, "__call__", "", "answer sent"),
)
"""Whose function, its name, and what is marked where it begins and where it ends."""


class Marks:
    """What was passed, and when."""

    def __init__(self) -> None:
        self.passed: list[tuple[str, float]] = []

    def note(self, stage: str) -> None:
        """A stage is passed now."""
        if stage:
            self.passed.append((stage, time.perf_counter()))

    def put_around(self, function: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
        """The function with its marks."""

        @wraps(function)
        def marked(*arguments: Any, **named: Any) -> Any:
            self.note(before)
            result = function(*arguments, **named)
            self.note(after)
            return result

        @wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            self.note(before)
            result = await function(*arguments, **named)
            self.note(after)
            return result

        return awaited if iscoroutinefunction(function) else marked


def main() -> None:
    """Serve as the command line says."""
    marks, file = Marks(), Path(sys.argv[1])
    for owner, name, before, after in STAGES:
        setattr(owner, name, marks.put_around(getattr(owner, name), before, after))
    sys.argv = ["service", *sys.argv[2:]]
    from service.cli import main

    try:
        main()
    finally:
        file.write_text(json.dumps(marks.passed))


if __name__ == "__main__":
    main()
