"""Reads one answer of `generateContent` into neutral events. Pure.

Source: https://ai.google.dev/api/generate-content (v1beta).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, structs

from providers.base import Call
from providers.failures import failure_from_error, read_complaint
from providers.google import wire
from providers.google.parts import Parts, logprobs_of
from providers.google.searches import Findings
from providers.google.usage import usage_of
from providers.parts import PartTracker
from specs.errors import UpstreamCut, UpstreamGarbled
from specs.events import Finish
from specs.tools import SEARCH_UNIT

FINISHES: dict[str, Finish] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter",
}
"""Why the model stopped, in our words; a reason we do not know is `other`."""
READ_PARTS = frozenset({"text", "thought", "thoughtSignature", "functionCall"})


class GeminiDecoder:
    """A `providers.receiving.Decoder`. `origin` marks what the model signed."""

    def __init__(
        self,
        call: Call,
        *,
        provider: str,
        model: str,
        origin: str,
        warnings: tuple[tuple[str, str], ...] = (),
        search_once: bool = False,
    ) -> None:
        self.tracker = PartTracker(call)
        self._parts = Parts(self.tracker, origin=origin)
        self._provider = provider
        self._model = model
        self._warnings = warnings
        self._warned: set[str] = set()
        self._started = False
        self._grounding: wire.Grounding | None = None
        self._findings = Findings(once_a_prompt=search_once)

    def feed(self, event: str, data: bytes) -> None:
        """Take in one SSE frame.

        Raises UpstreamError for an error in the stream, msgspec.DecodeError for what is no chunk.
        """
        chunk = _chunk.decode(data)
        if chunk.error is not wire.NOTHING or event == "error":
            raise failure_from_error(read_complaint(data))
        if not self._started:
            self._start(chunk)
        self._count(chunk.usage_metadata)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self._blocked(chunk.prompt_feedback)
        for candidate in chunk.candidates:
            self._candidate(candidate)
        self._charge()

    def whole(self, data: bytes) -> None:
        """Take in a whole answer."""
        self.feed("", data)
        if self.tracker.raw_finish is None:
            raise UpstreamGarbled
        self.finish()

    def finish(self) -> None:
        """The body is over: end the step.

        Raises UpstreamCut where the model had not said why it stopped.
        """
        if self.tracker.ended:
            return
        reason = self.tracker.raw_finish
        if reason is None:
            raise UpstreamCut
        if self._grounding is not None:
            self._parts.cite(self._grounding)
        self._parts.finish()
        finish = FINISHES.get(reason, "other")
        if self._findings:
            self._parts.searched(self._findings, "completed" if finish == "stop" else "incomplete")
        self.tracker.end_step("tool_calls" if finish == "stop" and self._parts.calls else finish)

    def _start(self, chunk: wire.Chunk) -> None:
        self._started = True
        self.tracker.start_step(
            provider=self._provider,
            model=chunk.model_version or self._model,
            upstream_id=chunk.response_id,
        )
        for param, message in self._warnings:
            self.tracker.warn(message, param)

    def _count(self, report: Raw) -> None:
        """Keep the latest counts: each report is of the whole so far."""
        if report is wire.NOTHING:
            return
        try:
            counts = _counts.decode(report)
        except msgspec.ValidationError:
            self._warn_once("The provider sent a usage that cannot be read; tokens are unknown.")
            return
        self.tracker.service_tier = counts.service_tier or self.tracker.service_tier
        if (usage := usage_of(counts)) is not None:
            self.tracker.usage = usage
            self.tracker.raw_usage = report.copy()

    def _charge(self) -> None:
        """Count the searches with the tokens."""
        if self._findings.charged and self.tracker.usage is not None:
            units = {SEARCH_UNIT: self._findings.charged}
            self.tracker.usage = structs.replace(self.tracker.usage, units=units)

    def _blocked(self, feedback: wire.Feedback) -> None:
        """The prompt was refused: there are no candidates."""
        self.tracker.raw_finish = "PROHIBITED_CONTENT"
        words = feedback.block_reason_message or feedback.block_reason
        self._warn_once(f"The provider refused the prompt: {words}")

    def _candidate(self, candidate: wire.Candidate) -> None:
        if candidate.index:
            self._warn_once("The provider sent more than one answer; only the first is used.")
            return
        logprobs = logprobs_of(candidate.logprobs_result)
        for raw in candidate.content.parts if candidate.content is not None else ():
            logprobs = self._part(raw, logprobs)
        if logprobs:
            self._parts.text("", logprobs)
        if candidate.grounding_metadata is not None:
            self._findings.add(candidate.grounding_metadata)
            if candidate.grounding_metadata.grounding_supports:
                self._grounding = candidate.grounding_metadata
        if candidate.finish_reason:
            self._finished(candidate)

    def _part(self, raw: Raw, logprobs: tuple[Raw, ...]) -> tuple[Raw, ...]:
        """Take in one part; returns the log probabilities that are still to be placed."""
        part = _part.decode(raw)
        if part.function_call is not None:
            self._parts.call(part.function_call, part.thought_signature)
            return logprobs
        if part.text is None:
            for name in sorted(_fields.decode(raw).keys() - READ_PARTS):
                self._warn_once(f"The provider sent a part {name!r}, which cannot be passed on.")
        if part.thought:
            self._parts.thought(part.text or "")
        elif part.text:
            self._parts.text(part.text, logprobs)
            logprobs = ()
        if part.thought_signature:
            self._parts.sign(part.thought_signature)
        return logprobs

    def _finished(self, candidate: wire.Candidate) -> None:
        self.tracker.raw_finish = candidate.finish_reason
        if candidate.finish_message and candidate.finish_reason != "STOP":
            self._warn_once(f"The provider ended the answer: {candidate.finish_message}")

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self.tracker.warn(message)


_chunk = msgspec.json.Decoder(wire.Chunk)
_part = msgspec.json.Decoder(wire.Part)
_counts = msgspec.json.Decoder(wire.Counts)
_fields = msgspec.json.Decoder(dict[str, Raw])
