"""The stream (or whole answer) of a Responses API → neutral events. Pure.

A frame is parsed once and handled by its type; the items are kept by `Outputs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
from msgspec import structs

from providers.base import Call
from providers.failures import CONTENT_EXCEPTIONS, failure_from_error, read_complaint
from providers.openai_responses import wire
from providers.openai_responses.outcome import finish_of, usage_of
from providers.openai_responses.outputs import Outputs
from providers.parts import PartTracker
from specs.errors import UpstreamCut, UpstreamError, UpstreamGarbled
from specs.tools import SEARCH_UNIT

TERMINAL = frozenset({"completed", "incomplete", "failed", "cancelled"})
"""The statuses of a response that is over."""


class ResponsesDecoder:
    """Reads one answer; a `providers.receiving.Decoder`."""

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
        self.outputs = Outputs(self.tracker, origin=origin)
        self._provider = provider
        self._model = model
        self._warnings = warnings
        self._begun = False

    def feed(self, event: str, data: bytes) -> None:
        """Take in one SSE frame; after the terminal event nothing is looked at.

        Raises UpstreamError when the frame is an error, or not the protocol.
        """
        if self.tracker.ended or data == b"[DONE]":
            return
        try:
            frame = _read_frame(data)
            kind = frame.type or event
            handler = HANDLERS.get(kind)
            if handler is None:
                self._other(kind, frame, data)
                return
            if not self._begun and kind not in OPENERS:
                self._begin(None, None)
            handler(self, frame)
        except (*CONTENT_EXCEPTIONS, RecursionError) as error:
            raise UpstreamGarbled from error

    def whole(self, data: bytes) -> None:
        """Take in a whole JSON answer.

        Raises UpstreamError when it is an error, or not a finished response.
        """
        try:
            response = wire.read_response(data)
            if response.status is None and response.output is None:
                raise _error_in(data)
            self._conclude(response, response.status or "completed")
        except (*CONTENT_EXCEPTIONS, RecursionError) as error:
            raise UpstreamGarbled from error

    def finish(self) -> None:
        """The upstream closed its body; only a terminal event makes an answer whole.

        Raises UpstreamCut when there was none.
        """
        if not self.tracker.ended:
            raise UpstreamCut

    def opened(self, frame: wire.Frame) -> None:
        """An event that holds the response while it is made; only the first of them says anything new."""
        if not self._begun:
            opening = wire.read_opening(frame.response)
            self._begin(opening.model, opening.id)

    def concluded(self, frame: wire.Frame) -> None:
        """A terminal event."""
        self._conclude(wire.read_response(frame.response), frame.type.removeprefix("response."))

    def _conclude(self, response: wire.Response, told: str) -> None:
        """The response is over; `told` is its status where it does not say one itself."""
        self._begin(response.model, response.id)
        status = response.status if response.status in TERMINAL else told
        reason = response.incomplete_details and response.incomplete_details.reason
        self.tracker.raw_finish = reason or status
        self.tracker.service_tier = response.service_tier
        self.tracker.usage = usage_of(response.usage)
        if self.tracker.usage is not None:
            # A copy: the original is a view that would keep the whole frame in memory.
            self.tracker.raw_usage = response.usage.copy()
        if status == "failed":
            raise failure_from_error(read_complaint(bytes(response.error)))
        self.outputs.conclude(response.output or ())
        if self.outputs.searches and self.tracker.usage is not None:
            units = {SEARCH_UNIT: self.outputs.searches}
            self.tracker.usage = structs.replace(self.tracker.usage, units=units)
        if status not in TERMINAL:
            raise UpstreamCut
        self.tracker.end_step(finish_of(status, reason, called=self.outputs.called))

    def _other(self, kind: str, frame: wire.Frame, data: bytes) -> None:
        """An error, or an event of a kind that is not modelled."""
        if kind == "error" or not kind:
            raise _error_in(data)
        if kind not in QUIET and not self.outputs.is_foreign(frame):
            self._begin(None, None)
            self.outputs.tell(f"The provider sent an event of type {kind!r}; it is not passed on")

    def _begin(self, model: str | None, upstream_id: str | None) -> None:
        if self._begun:
            return
        self._begun = True
        self.tracker.start_step(provider=self._provider, model=model or self._model, upstream_id=upstream_id)
        for param, message in self._warnings:
            self.tracker.warn(message, param)


def _read_frame(data: bytes) -> wire.Frame:
    """Parse a frame; one whose fields are not as we know them is an error only if its type is known."""
    try:
        return wire.read_frame(data)
    except msgspec.ValidationError:
        head = wire.read_frame_head(data)
        if head.type in HANDLERS:
            raise
        return wire.Frame(head.type, head.output_index, head.item_id)


def _error_in(data: bytes) -> UpstreamError:
    """The error that a frame or a body tells of, nested or flat; without one it is not the protocol."""
    complaint = read_complaint(data)
    if complaint.code or complaint.message:
        return failure_from_error(complaint)
    return UpstreamGarbled()


Handler: TypeAlias = Callable[[ResponsesDecoder, wire.Frame], None]


def _grows(part_type: str) -> Handler:
    return lambda decoder, frame: decoder.outputs.grow(frame, part_type)


def _completes(part_type: str) -> Handler:
    return lambda decoder, frame: decoder.outputs.complete(frame, part_type)


SEARCH_EVENTS = (
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "response.web_search_call.completed",
)
"""What they say the item says too."""
HANDLERS: dict[str, Handler] = {
    "response.created": ResponsesDecoder.opened,
    "response.queued": ResponsesDecoder.opened,
    "response.in_progress": ResponsesDecoder.opened,
    "response.output_item.added": lambda decoder, frame: decoder.outputs.started(frame),
    "response.content_part.added": lambda decoder, frame: decoder.outputs.part_started(frame),
    "response.output_text.delta": _grows("output_text"),
    "response.output_text.done": _completes("output_text"),
    "response.output_text.annotation.added": lambda decoder, frame: decoder.outputs.annotated(frame),
    "response.refusal.delta": _grows("refusal"),
    "response.refusal.done": _completes("refusal"),
    "response.reasoning_summary_part.added": lambda decoder, frame: decoder.outputs.part_started(frame),
    "response.reasoning_summary_text.delta": _grows("summary_text"),
    "response.reasoning_summary_text.done": _completes("summary_text"),
    "response.reasoning_summary_part.done": lambda decoder, frame: decoder.outputs.part_ended(frame),
    "response.reasoning_text.delta": _grows("reasoning_text"),
    "response.reasoning_text.done": _completes("reasoning_text"),
    "response.reasoning.delta": _grows("reasoning_text"),
    "response.reasoning.done": _completes("reasoning_text"),
    "response.content_part.done": lambda decoder, frame: decoder.outputs.part_ended(frame),
    "response.function_call_arguments.delta": lambda decoder, frame: decoder.outputs.grow_arguments(frame),
    "response.function_call_arguments.done": lambda decoder, frame: decoder.outputs.complete_arguments(frame),
    "response.custom_tool_call_input.delta": lambda decoder, frame: decoder.outputs.grow_arguments(frame),
    "response.custom_tool_call_input.done": lambda decoder, frame: decoder.outputs.complete_arguments(frame),
    "response.output_item.done": lambda decoder, frame: decoder.outputs.ended(frame),
    **dict.fromkeys(SEARCH_EVENTS, lambda decoder, frame: None),
    "response.completed": ResponsesDecoder.concluded,
    "response.incomplete": ResponsesDecoder.concluded,
    "response.failed": ResponsesDecoder.concluded,
    "response.cancelled": ResponsesDecoder.concluded,
}
"""What each event does. Reasoning text has two names: OpenAI's, and the shorter one of Open Responses."""
OPENERS = frozenset(
    kind
    for kind, handler in HANDLERS.items()
    if handler in (ResponsesDecoder.opened, ResponsesDecoder.concluded)
)
"""Events that hold a response, and so tell which model serves."""
QUIET = frozenset({"keepalive", "ping"})
"""Events that say nothing."""
