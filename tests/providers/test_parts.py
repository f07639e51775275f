"""The part tracker keeps the laws, whatever it is told in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from providers.base import Call
from providers.parts import PartTracker
from specs.events import Delta, ItemEnded, PartEnded, StepEnded
from specs.fold import fold
from specs.items import Arguments, FunctionCall, Message, Reasoning, Sealed, Text, Thought, UrlCitation
from specs.usage import Usage
from tests.support.laws import check_laws


def tracker(*, first_item: int = 0) -> PartTracker:
    started = PartTracker(Call(2, 1, first_item, lambda prefix: prefix))
    started.start_step(provider="p", model="m")
    return started


def message(id: str = "msg_1") -> Message:
    return Message(id, "assistant", status="in_progress")


def test_deltas_join_to_the_part_and_the_item() -> None:
    parts = tracker()
    parts.start_item("a", message())
    parts.start_part("a", 0, Text())
    parts.delta("a", 0, "Hel")
    parts.delta("a", 0, "lo")
    parts.end_step("stop")
    events = parts.take()
    check_laws(events)
    assert fold(events).items == (Message("msg_1", "assistant", (Text("Hello"),)),)
    assert parts.take() == []


def test_items_count_on_from_where_the_run_stands() -> None:
    parts = tracker(first_item=4)
    parts.start_item("a", message("msg_1"))
    parts.start_item("b", message("msg_2"))
    parts.end_step("stop")
    assert [event.index for event in parts.take() if isinstance(event, ItemEnded)] == [4, 5]


def test_an_empty_delta_is_dropped() -> None:
    parts = tracker()
    parts.start_item("a", message())
    parts.start_part("a", 0, Text())
    parts.delta("a", 0, "")
    parts.delta("a", 0, "", (Raw(b"{}"),))
    assert [event.data for event in parts.take() if isinstance(event, Delta)] == [""]


def test_a_part_opened_twice_is_opened_once() -> None:
    parts = tracker()
    parts.start_item("a", message())
    for text in ("a", "b"):
        parts.start_part("a", 0, Text())
        parts.delta("a", 0, text)
    assert parts.part_text("a", 0) == "ab"
    parts.end_step("stop")
    check_laws(parts.take())


def test_ending_twice_is_ending_once() -> None:
    parts = tracker()
    parts.start_item("a", message())
    parts.start_part("a", 0, Text())
    for _ in range(2):
        parts.end_item("a")
        parts.end_step("stop")
    events = parts.take()
    check_laws(events)
    assert [type(event) for event in events[-3:]] == [PartEnded, ItemEnded, StepEnded]


def test_only_the_last_item_was_cut() -> None:
    parts = tracker()
    parts.start_item("a", message("msg_1"))
    parts.start_item("b", message("msg_2"))
    parts.end_step("length")
    statuses = [event.item.status for event in parts.take() if isinstance(event, ItemEnded)]
    assert statuses == ["completed", "incomplete"]


def test_the_end_of_a_part_knows_its_signature() -> None:
    parts = tracker()
    parts.start_item("r", Reasoning("rs_1", status="in_progress"))
    parts.start_part("r", 0, Thought())
    parts.delta("r", 0, "Hm")
    parts.end_part("r", 0, signature="sig")
    parts.start_part("r", 1, Sealed())
    parts.delta("r", 1, "xyz")
    parts.end_step("stop")
    events = parts.take()
    check_laws(events)
    assert fold(events).items == (Reasoning("rs_1", (Thought("Hm", "sig"), Sealed("xyz"))),)


def test_annotations_and_log_probabilities_are_in_the_whole_part() -> None:
    citation = UrlCitation("https://a.b")
    parts = tracker()
    parts.start_item("a", message())
    parts.start_part("a", 0, Text())
    parts.delta("a", 0, "Yes", (Raw(b"{}"),))
    parts.annotate("a", 0, citation)
    parts.end_step("stop")
    events = parts.take()
    check_laws(events)
    assert fold(events).items == (Message("msg_1", "assistant", (Text("Yes", (citation,), (Raw(b"{}"),)),)),)


def test_arguments_become_the_calls() -> None:
    parts = tracker()
    parts.start_item("c", FunctionCall("fc_1", "c1", "add", status="in_progress"))
    parts.start_part("c", 0, Arguments())
    parts.delta("c", 0, '{"a":1}')
    parts.replace_item("c", FunctionCall("fc_1", "c1", "add_all"))
    parts.end_step("tool_calls")
    events = parts.take()
    check_laws(events)
    assert fold(events).items == (FunctionCall("fc_1", "c1", "add_all", '{"a":1}'),)


def test_the_step_ends_with_the_usage_known_by_then() -> None:
    parts = tracker()
    parts.usage = Usage(input=1)
    parts.raw_finish = "eos"
    parts.end_step("stop")
    assert parts.take()[-1] == StepEnded(2, "stop", Usage(input=1), "eos")
    assert parts.ended


@given(st.lists(st.tuples(st.sampled_from(["start", "part", "delta", "end part", "end"]), st.integers(0, 2))))
def test_any_order_ends_lawfully(moves: list[tuple[str, int]]) -> None:
    parts = tracker()
    for number, (move, key) in enumerate(moves):
        _make(parts, move, key, number)
    parts.end_step("error")
    check_laws(parts.take())


def _make(parts: PartTracker, move: str, key: int, number: int) -> None:
    if not parts.has(key):
        parts.start_item(key, message(f"msg_{number}"))
    match move:
        case "part":
            parts.start_part(key, number % 2, Text())
        case "delta":
            parts.start_part(key, number % 2, Text())
            parts.delta(key, number % 2, str(number))
        case "end part":
            parts.end_part(key, number % 2)
        case "end":
            parts.end_item(key)
        case _:
            pass
