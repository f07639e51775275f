"""Frames that differ in one string are read by what they share, and say what they say one by one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.alike import mould_of
from providers.failures import CONTENT_EXCEPTIONS
from providers.openai_chat.wire import decode_chunk, only_text
from providers.receiving import decode_frames
from providers.sse import Frame, SSESplitter
from specs.errors import UpstreamError
from specs.events import Event
from tests.support import anthropic_answers
from tests.support.chat_answers import chunk, decoder, recorded_answers, sse


def read(data: bytes) -> str:
    return only_text(decode_chunk(data))


def frame(**delta: Any) -> bytes:
    return json.dumps(chunk(delta)).encode()


def test_frames_from_one_mould_are_read_together() -> None:
    mould = mould_of("", frame(content="Hello"), "Hello", read=read)
    assert mould is not None
    frames = [("", frame(content=text)) for text in ("a", 'b"]', "\n\\", "", "é")]
    assert mould.strings([*frames, ("", b"[DONE]")], start=1) == ['b"]', "\n\\", "", "é"]
    assert mould.strings([("ping", frames[0][1])], start=0) == []


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
    assert not mould.strings([("", other)], start=0)


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
    decode_frames(reader, frames[:cut])
    decode_frames(reader, frames[cut:])
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
    frames = SSESplitter().feed(answer.body)
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
    assert reading.tracker.take_alike(frames, start=1) == 2


def test_a_plain_stream_is_read_together() -> None:
    """Else nothing here would show it."""
    frames = SSESplitter().feed(sse([chunk({"content": word}) for word in ("one", "two", "three")]))
    reader = decoder()
    reader.feed(*frames[0])
    reader.feed(*frames[1])
    assert reader.tracker.take_alike(frames, start=2) == 1
    assert msgspec.to_builtins(reader.tracker.take()[-1])["data"] == "three"
