"""Scripts chosen by the model's name, so that an upstream can be used by hand."""

from __future__ import annotations

import re
from typing import Any

from tests.support.script import Script, ToolCall
from tests.support.wires.frames import Tokens

NAMED = {
    "scripted-1": Script(),
    "stall": Script(stall_after_events=4),
    "cut": Script(cut_after_events=4),
    "reset": Script(reset=True),
    "slow": Script(header_delay=3.0),
    "paced": Script(pace=0.05),
    "trickle": Script(trickle=(7, 0.005)),
    "garbage": Script(insert=((3, b"\x00\xff not an event\n\n"),)),
    "html": Script(content_type="text/html"),
    "no-done": Script(done=False),
    "no-usage": Script(usage_times=0),
    "zero-usage": Script(usage=Tokens()),
    "two-usages": Script(usage_times=2),
    "fails-late": Script(fail_after_events=4),
    "reason": Script(text=("It", " is", " four", "."), reasoning=("Two", " and", " two", " …")),
    "refuse": Script(refusal=("I", " will", " not", ".")),
}
"""`err-STATUS`, `words-COUNT` and `tool` are known besides."""


def script_for(body: dict[str, Any]) -> Script:
    """The script that the request's model name stands for; an unknown name is answered normally."""
    name = str(body.get("model", ""))
    if found := re.fullmatch(r"err-(\d{3})", name):
        return error_script(int(found[1]))
    if found := re.fullmatch(r"words-(\d{1,5})", name):
        return Script(text=tuple(f"w{number} " for number in range(int(found[1]))))
    if name == "tool":
        return tool_script(body)
    return NAMED.get(name, Script())


def error_script(status: int) -> Script:
    """A plain failure, with `retry-after: 1` where that is usual."""
    return Script(status=status, headers={"retry-after": "1"} if status in (429, 503, 529) else {})


def tool_script(body: dict[str, Any]) -> Script:
    """Call the first tool of the request; once a result has come, answer."""
    name = _first_tool(body)
    if name is None or _has_result(body):
        return Script()
    return Script(calls=(ToolCall(name, ('{"query"', ': "', 'scripted"}')),))


def _first_tool(body: dict[str, Any]) -> str | None:
    for tool in body.get("tools") or ():
        named = tool.get("function", tool)
        if isinstance(named.get("name"), str):
            return named["name"]
    return None


def _has_result(body: dict[str, Any]) -> bool:
    match (body.get("messages") or body.get("input") or [None])[-1]:
        case {"role": "tool"} | {"type": "function_call_output"}:
            return True
        case {"content": [{"type": "tool_result"}, *_]}:
            return True
        case _:
            return False
