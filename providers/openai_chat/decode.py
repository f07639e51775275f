"""Chat Completions answers to events. One decoder reads one answer, streamed or whole."""

from __future__ import annotations

from msgspec import Raw

from providers.alike import MOST_LESSONS, mould_of
from providers.base import Call
from providers.failures import failure_from_error, read_complaint
from providers.openai_chat.answer import Answer
from providers.openai_chat.usage import usage_from_wire
from providers.openai_chat.wire import (
    WireAnnotation,
    WireChoice,
    WireChunk,
    WireDelta,
    WirePart,
    WireReasoningDetail,
    WireToolCall,
    decode_chunk,
    is_given,
    only_text,
    other_fields,
)
from providers.parts import PartTracker
from specs.errors import UpstreamCut, UpstreamUnavailable
from specs.events import Finish
from specs.items import UrlCitation

FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "recitation": "content_filter",
}
"""What servers call the end, lower-cased; anything else is `other`."""
BROKEN_OFF = frozenset({"error", "network_error", "insufficient_system_resource"})
"""Finish reasons that say the answer was not finished."""

IGNORED_FIELDS = frozenset({"role", "name", "channel", "extra_content", "thought_signature", "obfuscation"})
"""Fields of a delta that say nothing we could pass on."""
KNOWN_FIELDS = IGNORED_FIELDS | frozenset(WireDelta.__struct_fields__)
TEXT_PARTS = ("text", "output_text")


class ChatDecoder:
    """A `providers.receiving.Decoder`. `origin` marks reasoning as made by this wire and host."""

    def __init__(
        self,
        call: Call,
        *,
        provider: str,
        model: str,
        origin: str,
        think_tags: bool = False,
        warnings: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.tracker = PartTracker(call)
        self._answer = Answer(self.tracker, origin=origin, think_tags=think_tags)
        self._provider = provider
        self._model = model
        self._warnings = warnings
        self._warned: set[str] = set()
        self._started = False
        self._answered = False
        self._lessons = MOST_LESSONS
        self._finish: Finish | None = None

    def feed(self, event: str, data: bytes) -> None:
        """Take in one SSE frame.

        Raises UpstreamError for an error in the stream, msgspec.DecodeError for what is no chunk.
        """
        if data == b"[DONE]":
            self._done()
            return
        chunk = decode_chunk(data)
        if not event and (text := only_text(chunk)) and self._answer.more_text(text):
            self._learn(data, text)
            return
        if event == "error" or chunk.object == "error" or is_given(chunk.error):
            raise failure_from_error(read_complaint(data))
        if not chunk.choices:
            self._without_choices(chunk)
            return
        if not self._started:
            self._start(chunk)
        for choice in chunk.choices:
            self._choice(choice, data)
        if is_given(chunk.usage) or chunk.x_groq is not None:
            self._usage(chunk)

    def _learn(self, data: bytes, text: str) -> None:
        """Let the next chunks like this one be read by what they share with it."""
        if self._lessons:
            self._lessons -= 1
            mould = mould_of("", data, text, read=lambda probe: only_text(decode_chunk(probe)))
            if mould is not None:
                self._answer.cast_text(mould)

    def whole(self, data: bytes) -> None:
        """Take in a whole answer."""
        self.feed("", data)
        self._done()

    def finish(self) -> None:
        """The body is over: a missing `[DONE]` is forgiven where a finish reason was given.

        Raises UpstreamCut where none was.
        """
        if self._finish is None and not self.tracker.ended:
            raise UpstreamCut
        self._done()

    def _start(self, chunk: WireChunk) -> None:
        self._started = True
        self.tracker.start_step(
            provider=self._provider,
            model=chunk.model or self._model,
            upstream_id=None if chunk.id in (None, "") else str(chunk.id),
        )
        for param, message in self._warnings:
            self.tracker.warn(message, param)

    def _without_choices(self, chunk: WireChunk) -> None:
        """Usage at the end, content filter results at the start, or something unknown."""
        groq = chunk.x_groq
        if is_given(chunk.usage) or (groq is not None and is_given(groq.usage)):
            if not self._started:
                self._start(chunk)
            self._usage(chunk)
        elif chunk.choices is None:
            self._warn_once("The provider sent a chunk of an unknown shape.")

    def _choice(self, choice: WireChoice, data: bytes) -> None:
        if choice.index:
            self._warn_once("The provider sent more than one answer; only the first is used.")
            return
        if is_given(choice.error):
            raise failure_from_error(read_complaint(b'{"error":' + bytes(choice.error) + b"}"))
        self._answered = True
        delta = choice.delta or choice.message
        if delta is not None and not self._delta(delta, _logprobs(choice)):
            self._unknown_fields(data)
        if choice.finish_reason:
            self._finished(choice.finish_reason)

    def _delta(self, delta: WireDelta, logprobs: tuple[Raw, ...]) -> bool:
        """Whether the delta held anything we read."""
        seen = False
        if delta.reasoning_content or delta.reasoning or delta.reasoning_details:
            self._reasoning(delta)
            seen = True
        if content := delta.content:
            seen = True
            if isinstance(content, str):
                self._answer.text(content, logprobs)
            else:
                self._content_parts(content)
        if delta.refusal:
            self._answer.refusal(delta.refusal)
            seen = True
        if delta.annotations:
            self._annotations(delta.annotations)
            seen = True
        if delta.tool_calls or delta.function_call is not None:
            self._tool_calls(delta)
            seen = True
        return seen

    def _unknown_fields(self, data: bytes) -> None:
        for name in sorted(other_fields(data, KNOWN_FIELDS)):
            self._warn_once(f"The provider sent {name!r}, which cannot be passed on.")

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self.tracker.warn(message)

    def _content_parts(self, parts: list[WirePart]) -> None:
        for part in parts:
            if part.thinking:
                self._answer.thought("thought", 0, _joined(part.thinking))
            elif part.text and part.type in TEXT_PARTS:
                self._answer.text(part.text)
            elif part.refusal:
                self._answer.refusal(part.refusal)
            elif part.type not in (*TEXT_PARTS, "refusal", "thinking"):
                self._warn_once(f"The provider sent a content part {part.type!r}, which cannot be passed on.")

    def _annotations(self, annotations: list[WireAnnotation]) -> None:
        for annotation in annotations:
            wire = annotation.url_citation
            if wire is None:
                self._warn_once(f"The provider sent an annotation {annotation.type!r}, which is left out.")
            else:
                start, end = wire.start_index or 0, wire.end_index or 0
                self._answer.cite(UrlCitation(url=wire.url, title=wire.title or "", start=start, end=end))

    def _reasoning(self, delta: WireDelta) -> None:
        """`reasoning` repeats what readable details say; it counts only where there are none."""
        details = delta.reasoning_details or ()
        told = any(detail.text or detail.summary for detail in details)
        text = delta.reasoning_content or delta.reasoning
        if text and not told:
            self._answer.thought("thought", 0, text)
        for detail in details:
            self._reasoning_detail(detail)

    def _reasoning_detail(self, detail: WireReasoningDetail) -> None:
        index = detail.index or 0
        if detail.data:
            self._answer.thought("sealed", index, detail.data)
        elif detail.summary:
            self._answer.thought("summary", index, detail.summary)
        elif detail.text or detail.signature:
            self._answer.thought("thought", index, detail.text or "", detail.signature or "")

    def _tool_calls(self, delta: WireDelta) -> None:
        calls = [call for call in delta.tool_calls or () if self._is_function(call)]
        legacy = delta.function_call
        if legacy is not None and (legacy.name or is_given(legacy.arguments)):
            calls.append(WireToolCall(index=0, function=legacy))
        if calls:
            self._answer.end_speech()
        for call in calls:
            self._answer.calls.feed(call)

    def _is_function(self, call: WireToolCall) -> bool:
        if call.type in (None, "", "function"):
            return True
        self._warn_once(f"The provider sent a tool call {call.type!r}, which cannot be passed on.")
        return False

    def _usage(self, chunk: WireChunk) -> None:
        """The last one counts, but for zeros after a real one; Groq's own place where there is no other."""
        if isinstance(chunk.service_tier, str):
            self.tracker.service_tier = chunk.service_tier
        raw, known = chunk.usage, self.tracker.usage
        if not is_given(raw):
            if chunk.x_groq is None or known is not None or not is_given(chunk.x_groq.usage):
                return
            raw = chunk.x_groq.usage
        usage = usage_from_wire(raw)
        if usage is not None and (known is None or usage.total or not known.total):
            self.tracker.usage = usage
            self.tracker.raw_usage = raw.copy()

    def _finished(self, reason: str) -> None:
        self.tracker.raw_finish = reason
        if reason.lower() in BROKEN_OFF:
            raise UpstreamUnavailable
        self._finish = FINISHES.get(reason.lower(), "other")

    def _done(self) -> None:
        """End the step. Without a finish reason `[DONE]` itself is taken for one, if there was an answer."""
        if self.tracker.ended:
            return
        if not self._answered:
            raise UpstreamCut
        finish = self._finish or "stop"
        whole = finish in ("stop", "tool_calls")
        self._answer.finish(whole=whole)
        if whole:
            # Some servers say `stop` after calls, and some `tool_calls` without any.
            finish = "tool_calls" if len(self._answer.calls) else "stop"
        self.tracker.end_step(finish)


def _logprobs(choice: WireChoice) -> tuple[Raw, ...]:
    """Those in OpenAI's shape, copied: a Raw would keep its whole chunk alive."""
    logprobs = choice.logprobs
    if logprobs is None or isinstance(logprobs, list) or not logprobs.content:
        return ()
    return tuple(token.copy() for token in logprobs.content)


def _joined(thinking: list[WirePart] | str) -> str:
    return thinking if isinstance(thinking, str) else "".join(part.text or "" for part in thinking)
