"""A request's body, read: every field honoured, warned about, or refused by a 400 naming it."""

from __future__ import annotations

import msgspec
from msgspec import structs

from service.dialects.base import NewId, Reading
from service.dialects.messages.context import read_context_management
from service.dialects.messages.mcp_servers import read_servers
from service.dialects.messages.parts import lifetime
from service.dialects.messages.settings import read_settings
from service.dialects.messages.tools import read_choice, read_hosted, read_tools
from service.dialects.messages.turns import MAX_PIECES, TurnReader
from service.dialects.validation import at_most, decode, is_given
from service.tools.credentials import Credential
from specs.anthropic.blocks import CacheControl, TextBlock
from specs.anthropic.messages import CreateMessage
from specs.errors import InvalidRequest
from specs.items import File, FunctionCall, FunctionResult, Image, Item, Message, Text
from specs.requests import CacheMark, FilePlace, RunRequest

UNTHREADED = "thread_unsupported_request"
"""The code at which the official SDKs go on without a thread, sending the whole conversation."""
_REFUSED = {
    "compaction": ("this server makes no signed summaries", None),
    "thread": ("no threads are kept here; send the whole conversation", UNTHREADED),
}
_LEFT_OUT = ("container", "diagnostics", "fallbacks", "fallback_credit_token", "billing_policy")
_BETWEEN = "\n\n"
"""Between two blocks of the system prompt."""

_request = msgspec.json.Decoder(CreateMessage)


def read_request(body: bytes, new_id: NewId, *, counts_only: bool = False) -> Reading:
    """Read the body of `POST /v1/messages`, or of a request that only counts.

    Raises InvalidRequest whose `param` names the field at fault.
    """
    wire = decode(body, _request)
    _refuse_unserved(wire)
    warnings = _warnings(wire)
    files: list[FilePlace] = []
    settings = read_settings(wire, counts_only=counts_only, warnings=warnings)
    tools = read_tools(wire.tools, warnings)
    hosted = read_hosted(wire.tools, warnings)
    servers = read_servers(wire.mcp_servers, wire.tools, warnings)
    items = TurnReader(new_id, warnings, files).read(wire.messages)
    instructions, marks = read_system(wire.system)
    request = RunRequest(
        agent=wire.model,
        items=_with_last_marked(items, wire.cache_control),
        instructions=instructions,
        tools=tools,
        hosted=(*hosted.values(), *(named.server for named in servers)),
        hosted_params=(*hosted, *(named.param for named in servers)),
        tool_choice=read_choice(wire.tool_choice),
        settings=settings,
        compaction=read_context_management(wire.context_management, warnings),
        warnings=tuple(warnings),
        instruction_marks=marks,
    )
    credentials = (*(Credential() for _ in hosted), *(named.credential for named in servers))
    kept = structs.replace(wire, mcp_servers=None)
    return Reading(request, kept, bool(wire.stream), files=tuple(files), credentials=credentials)


def read_system(system: str | list[TextBlock] | None) -> tuple[str | None, tuple[CacheMark, ...]]:
    """The system prompt as one text, and where in it a caller set cache marks."""
    if system is None or isinstance(system, str):
        return system or None, ()
    if len(system) > MAX_PIECES:
        raise InvalidRequest(f"system may have at most {MAX_PIECES} blocks.", param="system")
    texts: list[str] = []
    marks: list[CacheMark] = []
    end = 0
    for block in system:
        if block.text:
            end += len(block.text) + (len(_BETWEEN) if texts else 0)
            texts.append(block.text)
        if texts and (kept := lifetime(block.cache_control)) is not None:
            marks.append(CacheMark(end, kept))
    return _BETWEEN.join(texts) or None, tuple(marks)


def _refuse_unserved(wire: CreateMessage) -> None:
    if not at_most(wire.model, 256, param="model"):
        raise InvalidRequest("model must not be empty.", param="model")
    for name, (why, code) in _REFUSED.items():
        if is_given(getattr(wire, name)):
            raise InvalidRequest(f"{name} is not supported: {why}.", param=name, code=code)
    if wire.inference_geo not in (None, "global"):
        raise InvalidRequest(
            "inference_geo must be 'global': where an agent's model runs is its operator's choice.",
            param="inference_geo",
        )


def _warnings(wire: CreateMessage) -> list[str]:
    left_out = [name for name in _LEFT_OUT if is_given(getattr(wire, name))]
    told = {
        "top_k": wire.top_k is not None,
        "speed": wire.speed == "fast",
        "user_profile_id": wire.user_profile_id is not None,
        "output_format": wire.output_format is not None and _has_format(wire),
    }
    left_out += [name for name, is_told in told.items() if is_told]
    return [f"{name} is not supported and was left out." for name in left_out]


def _has_format(wire: CreateMessage) -> bool:
    return wire.output_config is not None and wire.output_config.format is not None


def _with_last_marked(items: tuple[Item, ...], mark: CacheControl | None) -> tuple[Item, ...]:
    """Put the mark of the whole request on the last block that can carry one and has none."""
    kept = lifetime(mark)
    if kept is None:
        return items
    for position in range(len(items) - 1, -1, -1):
        match items[position]:
            case Message(content=(*before, (Text() | Image() | File()) as last)) as item:
                marked = structs.replace(last, cache=last.cache or kept)
                changed = structs.replace(item, content=(*before, marked))
            case (FunctionCall() | FunctionResult()) as item:
                changed = structs.replace(item, cache=item.cache or kept)
            case _:
                continue
        return (*items[:position], changed, *items[position + 1 :])
    return items
