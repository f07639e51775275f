"""Neutral event streams: builders for the usual answers, and a hypothesis strategy for lawful ones."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import msgspec
from hypothesis import strategies as st
from msgspec import Raw

from specs.errors import Failure
from specs.events import (
    AnnotationAdded,
    Delta,
    Event,
    Finish,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    RunCreated,
    RunEnded,
    RunPaused,
    RunStarted,
    RunStatus,
    StepEnded,
    StepStarted,
)
from specs.items import (
    Annotation,
    Arguments,
    FileCitation,
    FunctionCall,
    HostedCall,
    Item,
    Message,
    Part,
    Reasoning,
    Refusal,
    Sealed,
    Status,
    Summary,
    Text,
    Thought,
    UrlCitation,
    with_parts,
)
from specs.requests import RunRequest
from specs.usage import Usage

RUN = "run_abcdefghijklmnopqrstuvwxyz234567"
CREATED_AT = 1_760_000_000
REQUEST = RunRequest("agent_demo", (Message("msg_in", "user", (Text("Hello"),)),))
USAGE = Usage(input=12, cache_read=4, output=7, reasoning=2)
CUT = Failure(502, "model_error", "upstream_cut", "The model's provider ended the stream early.")
CANCELLED = Failure(499, "cancelled", "client_disconnected", "The client went away.")

Piece = tuple[Part, tuple[str, ...]]
"""A part's empty skeleton and the deltas that fill it."""


def counting_ids():
    """An id minter without randomness: `msg_1`, `fc_2`, …"""
    count = 0

    def new_id(prefix: str) -> str:
        nonlocal count
        count += 1
        return f"{prefix}_{count}"

    return new_id


def filled(
    skeleton: Part,
    deltas: Iterable[str],
    annotations: Iterable[Annotation] = (),
    logprobs: Iterable[Raw] = (),
) -> Part:
    """The whole part that these deltas make of its skeleton."""
    text = "".join(deltas)
    match skeleton:
        case Text():
            return Text(text, tuple(annotations), tuple(logprobs))
        case Sealed():
            return Sealed(text)
        case _:
            return msgspec.structs.replace(skeleton, text=text)


def part_events(
    index: int,
    part: int,
    skeleton: Part,
    deltas: Iterable[str],
    *,
    annotations: Iterable[Annotation] = (),
    logprobs: Iterable[tuple[Raw, ...]] = (),
) -> list[Event]:
    """Start, deltas, annotations and end of one part; `logprobs` are those of each delta."""
    deltas, annotations, logprobs = list(deltas), list(annotations), list(logprobs)
    spread = [*logprobs, *[()] * (len(deltas) - len(logprobs))]
    whole = filled(skeleton, deltas, annotations, (one for each in logprobs for one in each))
    return [
        PartStarted(index, part, skeleton),
        *(Delta(index, part, data, chances) for data, chances in zip(deltas, spread, strict=True)),
        *(AnnotationAdded(index, part, annotation) for annotation in annotations),
        PartEnded(index, part, whole),
    ]


def item_events(
    index: int, skeleton: Item, parts: Iterable[list[Event]], status: Status = "completed"
) -> list[Event]:
    """An item around the events of its parts."""
    parts = list(parts)
    wholes = tuple(event.content for events in parts for event in events if isinstance(event, PartEnded))
    return [
        ItemStarted(index, skeleton),
        *(event for events in parts for event in events),
        ItemEnded(index, with_parts(skeleton, wholes, status)),
    ]


def message_events(
    index: int,
    *deltas: str,
    annotations: Iterable[Annotation] = (),
    logprobs: Iterable[tuple[Raw, ...]] = (),
    status: Status = "completed",
) -> list[Event]:
    """An assistant message of one text part."""
    text = part_events(index, 0, Text(), deltas, annotations=annotations, logprobs=logprobs)
    skeleton = Message(f"msg_{index}", "assistant", status="in_progress")
    return item_events(index, skeleton, [text], status)


def refusal_events(index: int, *deltas: str) -> list[Event]:
    """An assistant message that is a refusal."""
    skeleton = Message(f"msg_{index}", "assistant", status="in_progress")
    return item_events(index, skeleton, [part_events(index, 0, Refusal(), deltas)])


def reasoning_events(index: int, *pieces: Piece) -> list[Event]:
    """A reasoning item of these parts."""
    parts = [part_events(index, part, *piece) for part, piece in enumerate(pieces)]
    return item_events(index, Reasoning(f"rs_{index}", status="in_progress"), parts)


def call_events(index: int, name: str, *deltas: str, status: Status = "completed") -> list[Event]:
    """A call of one of the client's functions."""
    skeleton = FunctionCall(f"fc_{index}", f"call_{index}", name, status="in_progress")
    return item_events(index, skeleton, [part_events(index, 0, Arguments(), deltas)], status)


def custom_events(index: int, name: str, *deltas: str) -> list[Event]:
    """A call of one of the client's custom tools."""
    skeleton = FunctionCall(f"ctc_{index}", f"call_{index}", name, status="in_progress", custom=True)
    return item_events(index, skeleton, [part_events(index, 0, Arguments(), deltas)])


def hosted_events(index: int, name: str, arguments: str, output: str) -> list[Event]:
    """A call that the server ran itself."""
    skeleton = HostedCall(f"mcp_{index}", f"call_{index}", "tools", name, status="in_progress")
    whole = msgspec.structs.replace(skeleton, arguments=arguments, output=output, status="completed")
    parts = part_events(index, 0, Arguments(), [arguments])
    return [ItemStarted(index, skeleton), *parts, ItemEnded(index, whole)]


def run_events(
    *items: list[Event],
    finish: Finish = "stop",
    status: RunStatus = "completed",
    reason: str | None = None,
    error: Failure | None = None,
    usage: Usage = USAGE,
    request: RunRequest = REQUEST,
) -> list[Event]:
    """A run of one step around the events of its items; it pauses where it ends in calls."""
    events = [event for each in items for event in each]
    calls = tuple(
        event.item
        for event in events
        if isinstance(event, ItemEnded) and isinstance(event.item, FunctionCall)
    )
    paused = [RunPaused("outputs", calls)] if finish == "tool_calls" else []
    return [
        RunCreated(RUN, CREATED_AT, request.agent, 1, request),
        RunStarted(RUN),
        StepStarted(1, 1, "demo", "demo-1", "up_1"),
        *events,
        StepEnded(1, finish, usage),
        *paused,
        RunEnded(status, usage, finish, reason, error, CREATED_AT + 2),
    ]


def text_answer(**changes) -> list[Event]:
    """A plain answer in three deltas."""
    return run_events(message_events(0, "Hel", "lo ", "you."), **changes)


def two_calls() -> list[Event]:
    """A sentence, then two calls whose arguments arrive interleaved."""
    first = call_events(1, "weather", '{"city"', ':"Oslo"}')
    second = call_events(2, "clock", "{", "}")
    interleaved = [event for pair in zip(first, second, strict=True) for event in pair]
    return run_events(message_events(0, "Let me look."), interleaved, finish="tool_calls")


def only_calls() -> list[Event]:
    """One call and no text."""
    return run_events(call_events(0, "weather", '{"city":', '"Oslo"}'), finish="tool_calls")


def reasoning_then_text() -> list[Event]:
    """Two paragraphs of reasoning summary, then the answer."""
    thinking = reasoning_events(0, (Summary(), ("First ", "this.")), (Summary(), ("Then that.",)))
    return run_events(thinking, message_events(1, "So: ", "42."))


def thought_then_text() -> list[Event]:
    """Raw reasoning and a sealed part, then the answer."""
    thinking = reasoning_events(0, (Thought(), ("Hm, ", "well.")), (Sealed(), ("c2VhbGVk",)))
    return run_events(thinking, message_events(1, "42."))


def refused() -> list[Event]:
    """The model will not."""
    return run_events(refusal_events(0, "I ", "won't."))


def annotated() -> list[Event]:
    """An answer that cites a page and a file."""
    page = UrlCitation("https://example.org/", "Example", 0, 3)
    file = FileCitation("file_1", "notes.txt", 2)
    return run_events(message_events(0, "See there.", annotations=[page, file]))


def with_logprobs() -> list[Event]:
    """An answer that tells how likely each token was."""
    chances = [(logprob("Hel", -0.1),), (logprob("lo", -0.5), logprob("!", -1.25))]
    return run_events(message_events(0, "Hel", "lo!", logprobs=chances))


def logprob(token: str, value: float) -> Raw:
    """One token's log probability in OpenAI's shape."""
    found = {"token": token, "logprob": value, "bytes": list(token.encode()), "top_logprobs": []}
    return Raw(msgspec.json.encode(found))


def hosted_then_text() -> list[Event]:
    """A call that the server ran, then the answer."""
    return run_events(hosted_events(0, "search", '{"q":"x"}', "found"), message_events(1, "Done."))


def too_long() -> list[Event]:
    """An answer that ran into its limit."""
    events = message_events(0, "And so", status="incomplete")
    return run_events(events, finish="length", status="incomplete", reason="max_output_tokens")


def out_of_budget() -> list[Event]:
    """An answer that the balance could not pay on."""
    events = message_events(0, "And so", status="incomplete")
    return run_events(events, finish="cancelled", status="incomplete", reason="budget_exhausted")


def filtered() -> list[Event]:
    """An answer that the provider's filter ended."""
    events = message_events(0, "How to", status="incomplete")
    return run_events(events, finish="content_filter", status="incomplete", reason="content_filter")


def failed_at_once() -> list[Event]:
    """A run whose model never answered."""
    return [
        RunCreated(RUN, CREATED_AT, REQUEST.agent, 1, REQUEST),
        RunStarted(RUN),
        RunEnded("failed", Usage(), "error", None, CUT, CREATED_AT + 2),
    ]


def cut() -> list[Event]:
    """An answer whose upstream died in the middle; what is open is ended."""
    events = message_events(0, "And ", "so", status="incomplete")
    return run_events(events, finish="error", status="failed", error=CUT)


def cancelled() -> list[Event]:
    """A run whose caller went away."""
    events = message_events(0, "And", status="incomplete")
    return run_events(events, finish="cancelled", status="cancelled", error=CANCELLED)


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        text_answer,
        two_calls,
        only_calls,
        reasoning_then_text,
        thought_then_text,
        refused,
        annotated,
        with_logprobs,
        hosted_then_text,
        too_long,
        out_of_budget,
        filtered,
    )
}
"""Runs that end with an answer, by name."""
FAILURES = {scenario.__name__: scenario for scenario in (failed_at_once, cut, cancelled)}
"""Runs that end with a failure, by name."""

_letters = 'aB 0é中😀"\\\n'
_texts = st.lists(st.text(_letters, min_size=1, max_size=6), max_size=4).map(tuple)
_words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=10)
_ends: dict[Finish, tuple[RunStatus, str | None]] = {
    "stop": ("completed", None),
    "length": ("incomplete", "max_output_tokens"),
    "content_filter": ("incomplete", "content_filter"),
}


@st.composite
def messages(draw, index: int) -> list[Event]:
    """An assistant message of text and refusal parts, cited or not."""
    parts = []
    for part in range(draw(st.integers(0, 3))):
        if draw(st.booleans()) or part == 0:
            deltas = draw(_texts)
            citation = UrlCitation("https://example.org/", "Example", 0, len("".join(deltas)))
            annotations = [citation] * draw(st.integers(0, 2)) if deltas else []
            parts.append(part_events(index, part, Text(), deltas, annotations=annotations))
        else:
            parts.append(part_events(index, part, Refusal(), draw(_texts)))
    return item_events(index, Message(f"msg_{index}", "assistant", status="in_progress"), parts)


@st.composite
def reasonings(draw, index: int) -> list[Event]:
    """A reasoning item of any parts."""
    kinds = st.sampled_from([Summary(), Thought(), Sealed()])
    return reasoning_events(index, *draw(st.lists(st.tuples(kinds, _texts), max_size=3)))


@st.composite
def calls(draw, index: int) -> list[Event]:
    """A call of a client's function."""
    return call_events(index, draw(_words), *draw(_texts))


@st.composite
def hosted(draw, index: int) -> list[Event]:
    """A call that the server ran."""
    return hosted_events(index, draw(_words), "{}", draw(st.text(_letters, max_size=8)))


@st.composite
def lawful_runs(draw) -> list[Event]:
    """Any run that ends with an answer: items of every kind, its last calls interleaved."""
    items = []
    for index in range(draw(st.integers(0, 4))):
        make = draw(st.sampled_from([messages, reasonings, hosted]))
        items.append(draw(make(index)))
    first_call = len(items)
    called = [draw(calls(first_call + n)) for n in range(draw(st.integers(0, 3)))]
    if called:
        return run_events(*items, draw(interleavings(called)), finish="tool_calls")
    finish: Literal["stop", "length", "content_filter"] = draw(st.sampled_from(list(_ends)))
    status, reason = _ends[finish]
    return run_events(*items, finish=finish, status=status, reason=reason)


@st.composite
def interleavings(draw, sequences: list[list[Event]]) -> list[Event]:
    """The sequences mixed in any order that keeps each one's own; they start in theirs."""
    waiting = [list(sequence) for sequence in sequences]
    mixed = [sequence.pop(0) for sequence in waiting]
    while waiting := [sequence for sequence in waiting if sequence]:
        mixed.append(draw(st.sampled_from(waiting)).pop(0))
    return mixed


@st.composite
def batches(draw, events: list[Event]) -> list[list[Event]]:
    """The events cut into batches as upstream reads would."""
    cuts = sorted(draw(st.sets(st.integers(0, len(events)), max_size=6)) | {0, len(events)})
    return [events[start:end] for start, end in pairwise(cuts)]
