"""The examples of LibreChat's Agents API documentation run against us, host, key and agent apart."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT
from tests.support.reader import Reader

FOLDER = ROOT / ".." / "shared" / "reference"
SAID = "This is the demo provider, not a language model"


def _document() -> Path | None:
    return next(iter(sorted(FOLDER.glob("004*.txt"))), None)


def examples(text: str, language: str) -> list[str]:
    """The blocks of a language. The document stands with `|` lines between its own, and without their
    indentation, which is put back where Python needs it."""
    lines = [line for line in text.splitlines() if line.strip() not in ("", "|")]
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", "\n".join(lines), re.DOTALL | re.MULTILINE)
    return [re.sub(r"(?<=:\n)(?=\S)", "    ", block) for block in blocks]


def _filled_in(reader: Reader, language: str) -> list[str]:
    document = _document()
    if document is None:
        pytest.skip(f"the document is not there: {FOLDER}/004*.txt")
    ours = {
        "https://your-librechat-instance": reader.base_url,
        "YOUR_API_KEY": reader.key,
        "agent_abc123": "agent_demo",
    }
    found = examples(document.read_text(encoding="utf-8"), language)
    for theirs, own in ours.items():
        found = [example.replace(theirs, own) for example in found]
    return found


def test_indentation_is_put_back_and_rulers_are_taken_out() -> None:
    text = "|\n```python\n|\nfor a in b:\n|\nprint(a)\n|\n```\n"
    assert examples(text, "python") == ["for a in b:\n    print(a)\n"]


def test_the_curl_examples_are_answered(reader: Reader) -> None:
    streamed, whole = [_printed(reader, "bash", "-c", each) for each in _filled_in(reader, "bash")]
    frames = [line.removeprefix("data: ") for line in streamed.splitlines() if line]
    words = [json.loads(frame)["choices"][0]["delta"].get("content", "") for frame in frames[:-1]]
    assert frames[-1] == "[DONE]"
    assert SAID in "".join(words)
    assert SAID in json.loads(whole)["output"][0]["content"][0]["text"]


def test_the_python_example_prints_the_answer(reader: Reader) -> None:
    (example,) = _filled_in(reader, "python")
    assert SAID in _printed(reader, sys.executable, "-c", example)


def test_the_list_of_models_shows_the_agents(reader: Reader) -> None:
    url = f"{reader.base_url}/api/agents/v1/models"
    listed = json.loads(_printed(reader, "curl", "-s", url, "-H", f"Authorization: Bearer {reader.key}"))
    assert "agent_demo" in [model["id"] for model in listed["data"]]


def _printed(reader: Reader, *command: str) -> str:
    done = reader.run(*command, page="agents-api")
    assert done.returncode == 0, done.stderr
    return done.stdout
