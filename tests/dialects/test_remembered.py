"""What was found right is remembered by its digest, as far as there is room."""

from __future__ import annotations

from service.dialects.remembered import Remembered


def test_what_was_added_is_known():
    remembered = Remembered(2)
    remembered.add(b"{}")
    assert b"{}" in remembered
    assert b"[]" not in remembered


def test_the_oldest_is_forgotten_where_there_is_no_room():
    remembered = Remembered(2)
    for json in (b"1", b"2", b"3"):
        remembered.add(json)
    assert [json in remembered for json in (b"1", b"2", b"3")] == [False, True, True]
