"""Frames that differ in one string are read by what they share, and say what they say one by one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from providers.alike import mould_of
from providers.failures import CONTENT_EXCEPTIONS
from providers.openai_chat.wire import decode_chunk, only_text
from providers.receiving import decode_frames
from providers.sse import Frame
from specs.errors import UpstreamError
from specs.events import Delta, Event
from tests.support import anthropic_answers
from tests.support.chat_answers import chunk, decoder, recorded_answers, sse
from tests.support.frames import split, text_of


def read(data: bytes) -> str:
    return only_text(decode_chunk(data))


def frame(**delta: Any) -> bytes:
    return json.dumps(chunk(delta)).encode()


def test_frames_from_one_mould_are_read_together() -> None:
    mould = mould_of("", frame(content="Hello"), "Hello", read=read)
    assert mould is not None
    frames = [("", frame(content=text)) for text in ("a", 'b"]', "\n\\", "", "é")]
    begins, alike = len(text_of(frames[:1])), text_of(frames)
    assert mould.strings(alike + b"data: [DONE]\n\n", begins) == (['b"]', "\n\\", "", "é"], len(alike))
    assert mould.strings(text_of([("ping", frames[0][1])]), 0) == ([], 0)


@pytest.mark.parametrize("head", [b"data:", b"data: ", b"id: 7\ndata: ", b": hello\ndata:"])
def test_what_stands_before_the_data_may_be_spelled_in_any_way(head: bytes) -> None:
    mould = mould_of("", frame(content="Hello"), "Hello", read=read)
    assert mould is not None
    text = b"".join(head + frame(content=word) + b"\n\n" for word in ("one", "two"))
    assert mould.strings(text, 0) == (["one", "two"], len(text))


def test_a_stranger_among_frames_ends_those_before_it() -> None:
    mould = mould_of("", frame(content="Hello"), "Hello", read=read)
    assert mould is not None
    one, stranger = text_of([("", frame(content="one"))]), text_of([("", frame(refusal="no"))])
    assert mould.strings(one + one + stranger + one, 0) == (["one", "one"], len(one + one))
    assert mould.strings(stranger + one, 0) == ([], 0)


@pytest.mark.parametrize(
    "other",
    [
        json.dumps(chunk({"content": "a", "refusal": "b"})).encode(),
        frame(content=None),
        frame(content=["a"]),
    ],
)
def test_a_frame_that_says_more_is_not_from_the_mould(other: bytes) -> None:
    mould = mould_of("", frame(content="Hello"), "Hello", read=read)
    assert mould is not None
    assert mould.strings(text_of([("", other)]), 0) in (None, ([], 0))


def test_a_mould_needs_to_know_the_place_of_its_string() -> None:
    """An id, a name and the text may be the same, and the text may be escaped in other ways."""
    twice = json.dumps({**chunk({"content": "m-1"}), "model": "m-1"}).encode()
    assert mould_of("", twice, "m-1", read=read) is None
    elsewhere = b'{"id":"A","choices":[{"delta":{"content":"\\u0041"}}]}'
    assert read(elsewhere) == "A"
    assert mould_of("", elsewhere, "A", read=read) is None


def one_by_one(frames: list[Frame]) -> list[Event]:
    reader = decoder()
    for event, data in frames:
        reader.feed(event, data)
    return reader.tracker.take()


def together(frames: list[Frame], *, cut: int) -> list[Event]:
    reader = decoder()
    decode_frames(reader, text_of(frames[:cut]))
    decode_frames(reader, text_of(frames[cut:]))
    return reader.tracker.take()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=3) | st.sampled_from(["m-1", '"', "chatcmpl-1", "]}"])
DELTAS = st.one_of(
    st.builds(lambda text: {"content": text}, TEXTS),
    st.builds(lambda text: {"content": text}, TEXTS),
    st.builds(lambda text: {"reasoning_content": text}, TEXTS),
    st.builds(lambda text: {"refusal": text}, TEXTS),
    st.builds(lambda text: {"content": text, "refusal": text}, TEXTS),
    st.just({}),
)


@given(st.lists(DELTAS, max_size=12), st.booleans(), st.integers(0, 12))
def test_together_they_say_what_they_say_one_by_one(
    deltas: list[dict[str, Any]], ascii_only: bool, cut: int
) -> None:
    datas = [json.dumps(chunk(delta), ensure_ascii=ascii_only).encode() for delta in deltas]
    frames = [("", data) for data in datas]
    assert together(frames, cut=cut) == one_by_one(frames)


@pytest.mark.parametrize(
    "answer", [answer for answer in recorded_answers() if answer.streamed], ids=lambda answer: answer.path
)
def test_so_do_the_frames_of_real_answers(answer: Any) -> None:
    frames = split(answer.body)
    try:
        expected = one_by_one(frames)
    except Exception as error:
        with pytest.raises(type(error)):
            together(frames, cut=0)
    else:
        assert together(frames, cut=len(frames) // 2) == expected


@pytest.mark.parametrize("name", anthropic_answers.OWN_NAMES)
def test_so_do_the_frames_of_blocks(name: str) -> None:
    frames = anthropic_answers.own(name)
    reading = anthropic_answers.decoder()
    try:
        for event, data in frames:
            reading.feed(event, data)
        reading.finish()
    except (UpstreamError, *CONTENT_EXCEPTIONS):
        reading.tracker.end_step("error")
    assert anthropic_answers.cut(frames) == reading.tracker.take()


def test_a_blocks_text_is_read_together() -> None:
    """Else nothing here would show it."""
    grown = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
    frames = [("content_block_delta", (grown % word).encode()) for word in ("one", "two", "three")]
    reading = anthropic_answers.decoder()
    reading.feed(*frames[0])
    text = text_of(frames[1:])
    assert reading.tracker.take_alike(text, 0) == len(text)


def test_a_plain_stream_is_read_together() -> None:
    """Else nothing here would show it."""
    frames = split(sse([chunk({"content": word}) for word in ("one", "two", "three")]))
    reader = decoder()
    reader.feed(*frames[0])
    reader.feed(*frames[1])
    text = text_of(frames)
    assert reader.tracker.take_alike(text, len(text_of(frames[:2]))) == text.index(b"data: [DONE]")
    assert msgspec.to_builtins(reader.tracker.take()[-1])["data"] == "three"


def test_where_nobody_reads_along_the_deltas_of_one_read_come_as_one() -> None:
    reader = decoder()
    reader.tracker.call = structs.replace(reader.tracker.call, unfollowed=True)
    decode_frames(reader, sse([chunk({"content": word}) for word in ("one", "two", "three", "four")]))
    told = [event.data for event in reader.tracker.take() if isinstance(event, Delta)]
    assert told == ["one", "two", "threefour"]
