"""What messages and calls grow by, as the Assistants API streams it."""

from __future__ import annotations

from msgspec import UNSET

from service.dialects.assistants.messages import mark_to_wire, part_to_wire
from specs.items import Annotation, FunctionCall, HostedCall, MessagePart, Part, Refusal, Text
from specs.openai import assistants_events as wire
from specs.openai.assistants_threads import ImageFilePart, ImageUrlPart

ContentDelta = wire.ThreadTextDelta | wire.ThreadRefusalDelta | wire.ImageFileDelta | wire.ImageUrlDelta


def part_begun(place: int, part: Part) -> ContentDelta | None:
    """A part that begins; text begins with what comes of it."""
    match part_to_wire(part) if isinstance(part, MessagePart) else None:
        case ImageFilePart(image_file=image):
            return wire.ImageFileDelta(place, image)
        case ImageUrlPart(image_url=image):
            return wire.ImageUrlDelta(place, image)
        case _ if isinstance(part, Text | Refusal) and part.text:
            return part_growth(place, part, part.text)
        case _:
            return None


def part_growth(place: int, part: Part, data: str) -> ContentDelta | None:
    """More of a part."""
    match part:
        case Text():
            return wire.ThreadTextDelta(place, wire.TextGrowth(data, ()))
        case Refusal():
            return wire.ThreadRefusalDelta(place, data)
        case _:
            return None


def part_annotated(place: int, mark: int, annotation: Annotation) -> ContentDelta | None:
    """An annotation of a text, the one with this number."""
    shown = mark_to_wire(annotation, None)
    if shown is None:
        return None
    citation = wire.CitationDelta(mark, shown.text, shown.file_citation, shown.start_index, shown.end_index)
    return wire.ThreadTextDelta(place, wire.TextGrowth(annotations=(citation,)))


def message_delta(id: str, content: ContentDelta) -> wire.ThreadEvent:
    """A message that has grown."""
    return wire.ThreadEvent(
        "thread.message.delta", wire.ThreadMessageDelta(id, wire.MessageGrowth((content,)))
    )


def call_begun(place: int, call: FunctionCall | HostedCall) -> wire.CallDelta:
    """A call that begins, before its arguments."""
    return wire.CallDelta(place, wire.CallGrowth(call.name, call.arguments, None), call.call_id)


def call_growth(place: int, arguments: str) -> wire.CallDelta:
    """More of a call's arguments."""
    return wire.CallDelta(place, wire.CallGrowth(arguments=arguments))


def call_output(place: int, call: HostedCall) -> wire.CallDelta:
    """What came of a call that the server ran."""
    output = call.output if call.error is None else call.error
    return wire.CallDelta(place, wire.CallGrowth(output=UNSET if output is None else output))


def step_delta(id: str, call: wire.CallDelta) -> wire.ThreadEvent:
    """A step whose call has grown."""
    return wire.ThreadEvent(
        "thread.run.step.delta", wire.StepDelta(id, wire.StepGrowth(wire.CallsDelta((call,))))
    )
