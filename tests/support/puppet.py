"""A model that obeys: whatever it is given tells it what to call and what to say, whoever wrote it.

`<<call NAME {…}>>` makes a call with these arguments, `<<raw NAME …>>` one with any text as arguments,
`<<say …>>` an answer. It obeys what is new since its own last turn; at first also its instructions and the
descriptions of its tools. The same words coming back make it do the same again. `«…»` will do for `<<…>>`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.support.exchange import Exchange
from tests.support.script import Script, ToolCall

ORDER = re.compile(r"(?:<<|«)(call|raw|say) ")
END = re.compile(r">>|»")
PLAIN = "Nothing to do."


def obey(exchange: Exchange) -> Script:
    """What a puppet does with a request of Chat Completions. A rule for `Upstream.answer_with`."""
    orders = [order for text in news(exchange.body) for order in orders_in(text)]
    calls = tuple(ToolCall(name, (arguments,)) for name, arguments in orders if name)
    said = [text for name, text in orders if not name]
    return Script(text=tuple(said) or (None if calls else (PLAIN,)), calls=calls)


def news(body: dict[str, Any]) -> list[str]:
    """Every text since the model's last turn."""
    messages = body["messages"]
    turns = [number for number, message in enumerate(messages) if message["role"] == "assistant"]
    if turns:
        return list(_texts(messages[turns[-1] + 1 :]))
    described = (tool["function"].get("description") or "" for tool in body.get("tools", ()))
    return [*described, *_texts(messages)]


def orders_in(text: str) -> Iterator[tuple[str, str]]:
    """(tool, arguments) of each call; what is to be said has no tool. Orders in arguments are only data."""
    at = 0
    while (found := ORDER.search(text, at)) is not None:
        kind, at = found[1], found.end()
        if kind == "say":
            said = END.split(text[at:])[0]
            at += len(said)
            yield "", said
            continue
        name, _, rest = text[at:].partition(" ")
        at += len(name) + 1
        length = _json_length(rest) if kind == "call" else len(END.split(rest)[0])
        yield name, rest[:length]
        at += length


def call(tool: str, **arguments: Any) -> str:
    """The words that make a puppet call a tool."""
    return f"<<call {tool} {json.dumps(arguments)}>>"


def _json_length(text: str) -> int:
    return json.JSONDecoder().raw_decode(text)[1]


def _texts(messages: Iterable[Any]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        for part in content if isinstance(content, list) else ():
            if "text" in part:
                yield part["text"]
            elif "file" in part:
                yield _decoded(part["file"]["file_data"])


def _decoded(url: str) -> str:
    return base64.b64decode(url.partition(",")[2]).decode("utf-8", "replace")
