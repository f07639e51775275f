"""Reads one answer of the Messages API into neutral events. Pure.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import UNSET, Raw, UnsetType, structs

from providers.alike import MOST_LESSONS, mould_of
from providers.anthropic import wire
from providers.anthropic.blocks import Blocks
from providers.anthropic.usage import beside_totals, laid_over, usage_of
from providers.base import Call
from providers.failures import failure_from_error, read_complaint
from providers.parts import PartTracker
from specs.errors import UpstreamCut, UpstreamGarbled
from specs.events import Finish

FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "pause_turn": "other",
}
"""Why the model stopped, in our words; a reason we do not know is `other`."""


class MessagesDecoder:
    """A `providers.receiving.Decoder`. `warnings`, (field, words), are told as the step starts."""

    def __init__(
        self,
        call: Call,
        *,
        provider: str,
        model: str,
        origin: str,
        warnings: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.tracker = PartTracker(call)
        self._provider = provider
        self._model = model
        self._warnings = warnings
        self._blocks = Blocks(self.tracker, origin=origin, unknown=self._leave_out)
        self._started = False
        self._told: set[str] = set()
        self._report: Raw | UnsetType = UNSET
        self._output_counted = False
        self._lessons = MOST_LESSONS

    def feed(self, event: str, data: bytes) -> None:
        """Take in one SSE frame; the event name is `""` when absent.

        Raises UpstreamError when the frame is an error of the upstream's.
        """
        read = _READERS.get(event)
        if read is None:
            event = _typed.decode(data).type
            read = _READERS.get(event)
        if self.tracker.ended:
            return
        if read is None:
            self._leave_out("event", event)
        else:
            read(self, data)

    def whole(self, data: bytes) -> None:
        """Take in a whole JSON answer; the same events as of its stream."""
        message = _message.decode(data)
        if message.type == "error":
            self._read_error(data)
        if message.type != "message" and not message.content:
            raise UpstreamGarbled
        self._output_counted = True
        self._begin(message)
        self._stop(wire.Stop(message.stop_reason, message.stop_sequence, message.stop_details))
        self._end()

    def finish(self) -> None:
        """The upstream closed its body: end the step.

        Raises UpstreamCut when not even the reason to stop had come.
        """
        if self.tracker.ended:
            return
        if self.tracker.raw_finish is None:
            raise UpstreamCut
        self._end()

    def _read_start(self, data: bytes) -> None:
        self._begin(_message_started.decode(data).message)

    def _read_block_start(self, data: bytes) -> None:
        frame = _block_started.decode(data)
        self._begin()
        self._blocks.start(frame.index, frame.content_block)

    def _read_block_delta(self, data: bytes) -> None:
        frame = _block_grown.decode(data)
        self._begin()
        self._blocks.grow(frame.index, frame.delta)
        if frame.delta.type == "text_delta" and frame.delta.text and self._lessons:
            self._learn(data, frame.index, frame.delta.text)

    def _learn(self, data: bytes, index: int, text: str) -> None:
        """Let the next frames like this one be read by what they share with it."""
        self._lessons -= 1
        mould = mould_of("content_block_delta", data, text, read=partial(_text_of, index))
        if mould is not None:
            self._blocks.cast_text(index, mould)

    def _read_block_stop(self, data: bytes) -> None:
        self._blocks.stop(_block_stopped.decode(data).index)

    def _read_message_delta(self, data: bytes) -> None:
        frame = _message_delta.decode(data)
        self._begin()
        self._output_counted = True
        self._count(frame.usage)
        self._stop(frame.delta)

    def _read_stop(self, _data: bytes) -> None:
        self._begin()
        self._end()

    def _read_error(self, data: bytes) -> None:
        raise failure_from_error(read_complaint(data))

    def _read_ping(self, _data: bytes) -> None:
        return

    def _begin(self, message: wire.Message | None = None) -> None:
        """Start the step, once: with the frame meant for it, or with the first that comes in its stead."""
        if self._started:
            return
        self._started = True
        message = message or wire.Message()
        self.tracker.start_step(
            provider=self._provider, model=message.model or self._model, upstream_id=message.id or None
        )
        for param, words in self._warnings:
            self.tracker.warn(words, param)
        self.tracker.raw_finish = message.stop_reason
        self._count(message.usage)
        # Indices below those of a stream's own blocks: an answer can begin with blocks that are whole.
        for index, block in enumerate(message.content, start=-len(message.content)):
            self._blocks.add(index, block)

    def _count(self, report: Raw | UnsetType) -> None:
        """Keep the latest counts. The output that a stream's first report tells is no total yet."""
        if report is UNSET or bytes(report) == b"null":
            return
        try:
            merged = laid_over(self._report, report)
            usage, beside = usage_of(merged), beside_totals(merged)
        except msgspec.ValidationError:
            self._warn_once("The provider sent a usage that cannot be read; tokens are unknown.")
            return
        self._report = self.tracker.raw_usage = merged
        self.tracker.usage = (
            usage if self._output_counted else structs.replace(usage, output=None, reasoning=None)
        )
        for kind in beside:
            self._warn_once(f"The provider's token counts leave out its {kind!r} passes.")

    def _stop(self, stop: wire.Stop) -> None:
        if stop.stop_reason is not None:
            self.tracker.raw_finish = stop.stop_reason
            self.tracker.stop_sequence = stop.stop_sequence
        details = stop.stop_details
        if details is not None and (words := details.explanation or details.category):
            self._warn_once(f"The provider refused to answer: {words}")

    def _end(self) -> None:
        self._blocks.stop_all()
        self.tracker.end_step(FINISHES.get(self.tracker.raw_finish or "", "other"))

    def _leave_out(self, what: str, kind: str) -> None:
        self._begin()
        self._warn_once(f"The answer holds a {what} of the type {kind!r}, which is left out.")

    def _warn_once(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self.tracker.warn(words)


def _text_of(index: int, data: bytes) -> str:
    """The text of a frame that says nothing but more text of this block."""
    frame = _block_grown.decode(data)
    return frame.delta.text or "" if frame.index == index and frame.delta.type == "text_delta" else ""


_typed = msgspec.json.Decoder(wire.Typed)
_message = msgspec.json.Decoder(wire.Message)
_message_started = msgspec.json.Decoder(wire.MessageStarted)
_message_delta = msgspec.json.Decoder(wire.MessageDelta)
_block_started = msgspec.json.Decoder(wire.BlockStarted)
_block_grown = msgspec.json.Decoder(wire.BlockGrown)
_block_stopped = msgspec.json.Decoder(wire.BlockStopped)

_READERS: dict[str, Callable[[MessagesDecoder, bytes], None]] = {
    "content_block_delta": MessagesDecoder._read_block_delta,
    "content_block_start": MessagesDecoder._read_block_start,
    "content_block_stop": MessagesDecoder._read_block_stop,
    "message_start": MessagesDecoder._read_start,
    "message_delta": MessagesDecoder._read_message_delta,
    "message_stop": MessagesDecoder._read_stop,
    "ping": MessagesDecoder._read_ping,
    "error": MessagesDecoder._read_error,
}
