"""What an operator learns of one run: counted where it happens, and a line for each attempt that failed."""

from __future__ import annotations

import time

import structlog

from providers.base import Call
from service.telemetry.metrics import Metrics
from specs.errors import UpstreamError
from specs.events import RunEnded

log = structlog.get_logger()


class Witness:
    """Told by a run and its model calls. Made when the run starts, from where its first delta is timed."""

    def __init__(self, metrics: Metrics, *, run: str, api: str) -> None:
        self._metrics = metrics
        self._run = run
        self._api = api
        self._model = ("", "")
        self._where = (api, "", "")
        self._began = time.perf_counter()
        self.awaits_delta = True
        """Until the model has written something."""

    def asks(self, provider: str, model: str) -> None:
        """This model is asked now."""
        self._model = (provider, model)
        self._where = (self._api, provider, model)

    def first_delta(self) -> None:
        """The model has written something."""
        self.awaits_delta = False
        self._metrics.first_delta_seconds[self._where].observe(time.perf_counter() - self._began)

    def attempt_failed(self, error: UpstreamError, call: Call) -> None:
        """The provider failed an attempt, before or while it answered."""
        status = "none" if error.upstream_status is None else str(error.upstream_status)
        provider, model = self._model
        self._metrics.upstream_errors[provider, model, error.code, status] += 1
        log.warning(
            "upstream_failed",
            run=self._run,
            step=call.step,
            attempt=call.attempt,
            provider=provider,
            model=model,
            code=error.code,
            upstream_status=error.upstream_status,
        )

    def run_ended(self, ended: RunEnded) -> None:
        """The run is over and in the books."""
        metrics = self._metrics
        metrics.runs[*self._where, ended.status] += 1
        metrics.tokens[*self._model, "input"] += ended.usage.input or 0
        metrics.tokens[*self._model, "output"] += ended.usage.output or 0
