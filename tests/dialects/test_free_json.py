"""Free-form JSON is kept as it was given, but for line breaks: it may be echoed in the frame of a stream."""

from __future__ import annotations

import pytest
from msgspec import Raw

from service.dialects.validation import free_object
from specs.errors import InvalidRequest


def test_numbers_and_their_order_stay_as_they_were():
    given = Raw(b'{"b": 1.0, "a": 12345678901234567890}')
    assert free_object(given, param="schema") == given


def test_what_stands_on_several_lines_comes_on_one():
    given = Raw(b'{\r\n  "b": 1.0,\n  "a": "two\\nlines"\n}')
    kept = free_object(given, param="schema")
    assert isinstance(kept, Raw)
    assert bytes(kept) == b'{"b":1.0,"a":"two\\nlines"}'


def test_what_is_too_deep_is_refused_every_time():
    given = Raw(b'{"a":' * 33 + b"1" + b"}" * 33)
    for _ in range(2):
        with pytest.raises(InvalidRequest):
            free_object(given, param="schema")
