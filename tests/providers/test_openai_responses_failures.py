"""Answers of a Responses API that fail, break off, or are not its protocol at all."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.sse import SSESplitter, frames_of
from specs.errors import (
    UpstreamContextTooLong,
    UpstreamCredentialRefused,
    UpstreamCut,
    UpstreamError,
    UpstreamGarbled,
    UpstreamModelMissing,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from specs.events import StepEnded
from specs.usage import Usage
from tests.support.laws import check_laws
from tests.support.responses_answers import (
    added,
    created,
    decode_stream,
    decode_whole,
    decoder,
    delta,
    done,
    function_call,
    message,
    reasoning,
    recordings,
    response,
    terminal,
)

EMPTY_MESSAGE = message(status="in_progress")


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("rate_limit_exceeded", UpstreamRateLimited),
        ("insufficient_quota", UpstreamRateLimited),
        ("context_length_exceeded", UpstreamContextTooLong),
        ("invalid_prompt", UpstreamRejected),
        ("bio_policy", UpstreamRejected),
        ("misalignment_policy_violation", UpstreamRejected),
        ("data_residency_mismatch", UpstreamRejected),
        ("image_too_large", UpstreamRejected),
        ("failed_to_download_image", UpstreamRejected),
        ("invalid_encrypted_content", UpstreamRejected),
        ("server_error", UpstreamUnavailable),
        ("vector_store_timeout", UpstreamTimeout),
        ("model_not_found", UpstreamModelMissing),
        ("invalid_api_key", UpstreamCredentialRefused),
        ("never_heard_of", UpstreamError),
    ],
)
def test_an_error_maps_to_its_failure_in_every_shape(code: str, failure: type[UpstreamError]) -> None:
    error = {"code": code, "message": "It went wrong."}
    flat = {"type": "error", "sequence_number": 2, "param": None, **error}
    nested = {"type": "error", "error": {"type": "whatever", "param": None, **error}}
    shapes = [flat, nested, {"error": error}, terminal("failed", error=error)]
    told = [decode_stream([created(), shape]).error for shape in shapes]
    whole = [decode_whole({"error": error}).error, decode_whole(response("failed", error=error)).error]
    assert [type(one) for one in told + whole] == [failure] * 6


def test_a_failed_response_keeps_its_usage_and_what_was_streamed() -> None:
    decoded = decode_stream([created(), delta(0, "Hi"), terminal("failed", error={"code": "server_error"})])
    check_laws(decoded.events)
    ended = decoded.events[-1]
    assert isinstance(ended, StepEnded)
    assert ended.usage == Usage(input=30, cache_read=20, cache_write=4, output=12, reasoning=5)
    assert decoded.folded.items[0].status == "incomplete"


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff",
        b"{}",
        b'{"type":"response.output_text.delta","output_index":0,"delta":7}',
        b'{"type":"response.output_item.added","output_index":0}',
        b'{"type":"response.completed"}',
        b"[" * 100_000,
        b'{"type":"response.completed","response":' + b"[" * 100_000,
    ],
)
def test_what_is_not_the_protocol_is_garbled(data: bytes) -> None:
    decoded = decode_stream([json.dumps(created()).encode(), data])
    assert isinstance(decoded.error, UpstreamGarbled)
    check_laws(decoded.events)


@pytest.mark.parametrize("body", [{}, {"id": "chatcmpl_1", "choices": []}, [], "text", None])
def test_a_whole_body_that_is_no_response_is_garbled(body: object) -> None:
    reader = decoder()
    with pytest.raises(UpstreamGarbled):
        reader.whole(json.dumps(body).encode())


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_whole_response_that_is_not_finished_is_cut(status: str) -> None:
    assert isinstance(decode_whole(response(status)).error, UpstreamCut)


# Cut anywhere


FULL = [
    created(),
    added(0, reasoning()),
    delta(0, "Think.", "reasoning_summary_text", summary_index=0),
    done(0, reasoning("Think.", sealed="c2VhbA==")),
    added(1, EMPTY_MESSAGE),
    delta(1, "Hé"),
    delta(1, "llo"),
    done(1, message("Héllo")),
    added(2, function_call("f", "")),
    delta(2, '{"x":', "function_call_arguments"),
    delta(2, "1}", "function_call_arguments"),
    done(2, function_call("f", '{"x":1}')),
]
SSE = b"".join(f"event: {f['type']}\ndata: {json.dumps(f)}\n\n".encode() for f in [*FULL, terminal()])
STREAMS = [stream for recording in recordings() for stream in recording.streams if len(stream) < 400]


@pytest.mark.parametrize("count", range(len(FULL) + 1))
def test_a_stream_cut_after_any_frame_ends_lawfully(count: int) -> None:
    decoded = decode_stream(FULL[:count])
    check_laws(decoded.events)
    assert isinstance(decoded.error, UpstreamCut)
    assert all(item.status == "completed" for item in decoded.folded.items[:-1])


@given(st.lists(st.integers(0, len(SSE)), max_size=6), st.integers(0, len(SSE)))
def test_a_stream_cut_and_split_at_any_byte_ends_lawfully(seams: list[int], end: int) -> None:
    splitter, reader = SSESplitter(), decoder()
    edges = sorted({0, end, *(seam for seam in seams if seam < end)})
    for left, right in itertools.pairwise(edges):
        for event, data in frames_of(splitter.feed(SSE[left:right])):
            reader.feed(event, data)
    reader.tracker.end_step("error")
    events = reader.tracker.take()
    check_laws(events)


@given(st.data())
@settings(max_examples=200)
def test_frames_lost_doubled_and_out_of_order_end_lawfully(data: st.DataObject) -> None:
    frames = data.draw(st.lists(st.sampled_from(FULL), max_size=25))
    decoded = decode_stream([*frames, terminal(output=[message("Héllo")])])
    check_laws(decoded.events)
    assert decoded.error is None


@pytest.mark.skipif(not STREAMS, reason="the shared recordings are not here")
@given(st.data())
@settings(max_examples=100)
def test_a_recorded_stream_cut_anywhere_ends_lawfully(data: st.DataObject) -> None:
    stream = data.draw(st.sampled_from(STREAMS))
    decoded = decode_stream(stream[: data.draw(st.integers(0, len(stream)))])
    check_laws(decoded.events)
