"""What the APIs read of a stored file that a request names."""

from __future__ import annotations

import msgspec
import pytest

from service.dialects.chat import ChatDialect
from service.dialects.responses import ResponsesDialect
from specs.errors import InvalidRequest
from specs.items import File, FunctionResult, Image, Message
from specs.requests import FilePlace
from tests.support.events import counting_ids


def read(dialect: ChatDialect | ResponsesDialect, **body: object):
    return dialect.read(msgspec.json.encode({"model": "a", **body}), counting_ids())


def test_responses_notes_each_file_and_where_it_is_named():
    message = {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "?"},
            {"type": "input_image", "file_id": "file-1", "detail": "low"},
            {"type": "input_file", "file_id": "file-2", "file_data": None, "filename": "a.pdf"},
        ],
    }
    call = {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}
    output = {
        "type": "function_call_output",
        "call_id": "c",
        "output": [{"type": "input_file", "file_id": "file-3"}],
    }
    reading = read(ResponsesDialect(), input=[{"type": "unknown"}, message, call, output])
    first, _, last = reading.request.items
    assert isinstance(first, Message)
    assert isinstance(last, FunctionResult)
    assert first.content[1:] == (
        Image(file_id="file-1", detail="low"),
        File(file_id="file-2", filename="a.pdf"),
    )
    assert last.output == (File(file_id="file-3"),)
    assert reading.files == (
        FilePlace("file-1", "input[1].content[1].file_id"),
        FilePlace("file-2", "input[1].content[2].file_id"),
        FilePlace("file-3", "input[3].output[0].file_id"),
    )


def test_chat_notes_each_file_and_where_it_is_named():
    parts = [{"type": "text", "text": "?"}, {"type": "file", "file": {"file_id": "file-1"}}]
    reading = read(ChatDialect(), messages=[{"role": "user", "content": parts}])
    (message,) = reading.request.items
    assert isinstance(message, Message)
    assert message.content[1] == File(file_id="file-1")
    assert reading.files == (FilePlace("file-1", "messages[0].content[1].file.file_id"),)


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_image", "file_id": "file-1", "image_url": "https://a/b"}, "image_url"),
        ({"type": "input_file", "file_id": "file-1", "file_data": "AAAA"}, "file_data"),
        ({"type": "input_file", "file_id": "file-1", "file_url": "https://a/b"}, "file_url"),
    ],
)
def test_a_stored_file_and_another_in_one_part_are_refused(part, param):
    with pytest.raises(InvalidRequest) as caught:
        read(ResponsesDialect(), input=[{"role": "user", "content": [part]}])
    assert caught.value.param == f"input[0].content[0].{param}"
