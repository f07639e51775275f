"""An exception in the log: what and where, never what was in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from service.telemetry.crashes import chain

CANARY = "canary-7f3a"


def caught(raise_it) -> Exception:
    try:
        raise_it()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def text_of(error: BaseException) -> str:
    return msgspec.json.encode(chain(error)).decode()


def fail(prompt: str) -> None:
    secret = prompt * 2
    raise ValueError(f"cannot use {secret}")


def fail_from_another() -> None:
    try:
        fail(CANARY)
    except ValueError as error:
        raise KeyError(CANARY) from error


def fail_in_a_group() -> None:
    raise ExceptionGroup(CANARY, [caught(lambda: fail(CANARY)), TypeError(CANARY)])


def test_it_names_the_class_and_the_place():
    (raised,) = chain(caught(lambda: fail(CANARY)))
    assert raised.type == "ValueError"
    assert raised.at[-1].startswith(__file__)
    assert raised.at[-1].endswith(" fail")


@pytest.mark.parametrize("raise_it", [lambda: fail(CANARY), fail_from_another, fail_in_a_group])
def test_neither_message_nor_locals_are_told(raise_it):
    assert CANARY not in text_of(caught(raise_it))


def test_causes_follow_what_they_caused():
    assert [raised.type for raised in chain(caught(fail_from_another))] == ["KeyError", "ValueError"]


def test_a_group_tells_of_each_member():
    (raised,) = chain(caught(fail_in_a_group))
    assert [member[0].type for member in raised.group] == ["ValueError", "TypeError"]


def test_a_library_s_class_comes_with_its_module():
    (raised,) = chain(msgspec.ValidationError(CANARY))
    assert raised.type == "msgspec.ValidationError"


def test_the_system_s_own_words_are_told_without_the_file_they_are_about():
    (raised,) = chain(caught(lambda: Path(f"/nowhere/{CANARY}").read_text()))
    assert raised.reason == "No such file or directory"


def test_the_database_s_own_word_is_told_without_the_statement():
    (raised,) = chain(caught(lambda: sqlite3.connect(":memory:").execute(CANARY)))
    assert raised.reason == "SQLITE_ERROR"
