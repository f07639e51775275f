"""What is told of a request once it is over: a count, a time, and one line in the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from service.telemetry.logs import RequestLine, now, write_request
from service.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from service.engine.run import Run
    from service.store.ports import KeyRecord

UNMATCHED = "unmatched"
"""The path of a request that no route took: what callers make up is neither a label nor logged."""
CLIENT_GONE = 499
"""The status of an answer that nobody was there to get; nginx's number for it."""
QUIET = "/health/"
"""Routes that are asked all the time: a line only where the answer is no 200."""


def path_of(scope: Any) -> str:
    """The template of the route that took a request."""
    return scope.get("path_template") or UNMATCHED


def tell_finished(metrics: Metrics, scope: Any, *, request_id: str, status: int, began: float) -> None:
    """Count a request, and write its line when its run, if it started one, is over as well.

    `scope` is ASGI's, `status` 0 where nothing was sent, `began` of `time.perf_counter`.
    """
    seconds = time.perf_counter() - began
    path = path_of(scope)
    status = status or CLIENT_GONE
    metrics.requests[path, str(status)] += 1
    metrics.request_seconds[path,].observe(seconds)
    if status == 200 and path.startswith(QUIET):
        return
    key: KeyRecord | None = scope["state"].get("key")
    line = RequestLine(
        time=now(),
        level="info",
        request_id=request_id,
        method=scope["method"],
        path=path,
        status=status,
        ms=round(seconds * 1000, 1),
        key=key.id if key is not None else "",
    )
    run: Run | None = scope["state"].get("run")
    if run is None:
        write_request(line)
    elif run.ended is not None or run.task is None:
        write_run(line, run)
    else:
        # The client left before the end. Whatever the run still costs belongs into its line.
        run.task.add_done_callback(lambda _: write_run(line, run))


def write_run(line: RequestLine, run: Run) -> None:
    """Complete a request's line by the run it started, and write it."""
    line.api, line.run, line.agent, line.model = run.api, run.id, run.agent.id, run.agent.model
    ended = run.ended
    if ended is not None:
        line.outcome = ended.status
        line.error = ended.error.code if ended.error is not None else ""
        line.input, line.output, line.cost = ended.usage.input, ended.usage.output, run.cost
    write_request(line)
