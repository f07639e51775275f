"""What the tests of the documentation stand on: blocks are found, and a wrong output is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.documents import Block, blocks_of, differences, has_shape


def read(tmp_path: Path, text: str) -> list[Block]:
    page = tmp_path / "page.md"
    page.write_text(text)
    return blocks_of(page)


def test_a_block_has_its_language_its_text_and_its_line(tmp_path: Path) -> None:
    (block,) = read(tmp_path, "# Page\n\n```sh\necho one\n\necho two\n```\n")
    assert (block.language, block.text, block.line) == ("sh", "echo one\n\necho two\n", 3)


def test_an_output_belongs_to_the_program_above_it(tmp_path: Path) -> None:
    (block,) = read(tmp_path, "```sh\necho 1\n```\n\nprints\n\n```text\n1\n```\n")
    assert (block.output, block.output_language) == ("1\n", "text")


def test_an_output_of_nothing_is_a_block_of_its_own(tmp_path: Path) -> None:
    program = "```sh\necho\n```\n"
    output = "```json\n{}\n```\n"
    assert [block.language for block in read(tmp_path, output)] == ["json"]
    assert [block.language for block in read(tmp_path, program + output + output)] == ["sh", "json"]


def test_a_marker_holds_for_the_next_block_alone(tmp_path: Path) -> None:
    marker, block = "<!-- not run: why -->\n", "```sh\none\n```\n"
    text = marker + block + block + marker + "text\n" + block
    assert [block.not_run for block in read(tmp_path, text)] == ["why", None, None]


@pytest.mark.parametrize(
    ("output", "documented", "same"),
    [
        ("granted    $22.50\n", "granted $7.00", True),
        ("key_abc of project default", "key_… of project default", True),
        ("first\nsecond\nthird\n", "first\n…\nthird", True),
        ("before\nthe line\nafter", "the line", True),
        ("granted $1.00", "settled $1.00", False),
        ("first\nthird\n", "first\nsecond\nthird", False),
    ],
)
def test_a_text_has_the_shape_of_another(output: str, documented: str, same: bool) -> None:
    assert has_shape(output, documented) is same


@pytest.mark.parametrize(
    "found",
    [
        {"id": "key_a", "name": "other", "count": 1, "list": [{"a": 1}]},
        {"id": "key_a", "name": "first", "count": "1", "list": [{"a": 1}]},
        {"id": "key_a", "name": "first", "count": None, "list": [{"a": 1}]},
        {"id": "key_a", "name": "first", "count": 1, "list": [{"b": 1}]},
        {"id": "key_a", "name": "first", "count": 1, "list": []},
        {"id": "key_a", "name": "first", "count": 1},
        {"id": "key_a", "name": "first", "count": 1, "list": [{"a": 1}], "more": 1},
    ],
)
def test_a_json_value_of_another_shape_is_noticed(found: dict[str, object]) -> None:
    documented = {"id": "key_…", "name": "first", "count": 7, "list": [{"a": 2}]}
    assert differences({"id": "key_x", "name": "first", "count": 1, "list": [{"a": 1}]}, documented) == []
    assert differences(found, documented)
