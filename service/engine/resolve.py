"""What is really asked of the model: the caller's request under the agent's defaults, limits and policy."""

from __future__ import annotations

from msgspec import structs

from service.engine.resolve_hosted import hosted_names, may_have_hosted, with_hosted
from service.tools.base import ToolSet
from specs.agents import Agent, Override
from specs.errors import InvalidRequest
from specs.requests import CacheMark, RunRequest, Settings, Tool, ToolChoice

_OVERRIDE_OF: dict[str, Override] = {
    "max_output_tokens": "max_output_tokens",
    "response_format": "response_format",
}
_FREE = frozenset({"parallel_tool_calls", "prompt_cache_key", "safety_identifier", "service_tier"})
"""Settings that change neither the answer's nature nor its ceiling: always the caller's."""
_NOTHING_ASKED = Settings()


def resolve(request: RunRequest, agent: Agent, *, searches: bool = True) -> RunRequest:
    """Merge a request with its agent. `searches` is whether the web can be searched.

    Raises InvalidRequest where the two cannot go together.
    """
    warnings = list(request.warnings)
    if request.hosted or agent.tools:
        request = with_hosted(request, agent, warnings, searches=searches)
    settings = _settings(request.settings, agent, warnings)
    tools = _tools(request, agent, warnings)
    return structs.replace(
        request,
        instructions=_instructions(request, agent, warnings),
        tools=tools,
        tool_choice=_tool_choice(request, agent, tools),
        settings=settings,
        warnings=tuple(warnings),
        instruction_marks=_instruction_marks(request, agent),
    )


def _settings(asked: Settings, agent: Agent, warnings: list[str]) -> Settings:
    changes = {}
    for name in Settings.__struct_fields__ if asked != _NOTHING_ASKED else ():
        value = getattr(asked, name)
        if value is None:
            continue
        default = getattr(agent.settings, name)
        if name in _FREE or _OVERRIDE_OF.get(name, "sampling") in agent.overrides:
            changes[name] = value
        elif value != default:
            warnings.append(f"{name}: this agent does not let callers change it")
    merged = structs.replace(agent.settings, **changes) if changes else agent.settings
    ceiling = agent.limits.max_output_tokens
    cap = merged.max_output_tokens
    if ceiling is None or (cap is not None and cap <= ceiling):
        return merged
    if cap is not None:
        warnings.append(f"max_output_tokens: lowered from {cap} to the agent's limit of {ceiling}")
    return structs.replace(merged, max_output_tokens=ceiling)


def _instructions(request: RunRequest, agent: Agent, warnings: list[str]) -> str | None:
    if request.instructions and "instructions" not in agent.overrides:
        warnings.append("instructions: this agent does not let callers add to its own")
        return agent.instructions
    both = [text for text in (agent.instructions, request.instructions) if text]
    return "\n\n".join(both) or None


def _instruction_marks(request: RunRequest, agent: Agent) -> tuple[CacheMark, ...]:
    """The caller's marks, moved behind the agent's own instructions."""
    if not request.instruction_marks or "instructions" not in agent.overrides:
        return ()
    before = len(agent.instructions) + len("\n\n") if agent.instructions else 0
    return tuple(CacheMark(before + mark.end, mark.lifetime) for mark in request.instruction_marks)


def _tools(request: RunRequest, agent: Agent, warnings: list[str]) -> tuple[Tool, ...]:
    own = agent.functions
    if not request.tools:
        return own
    if "tools" not in agent.overrides:
        warnings.append("tools: this agent does not let callers add to its own")
        return own
    names = {tool.name for tool in own}
    for position, tool in enumerate(request.tools):
        if tool.name in names:
            raise InvalidRequest(
                f"tools[{position}].name: another tool of this request or agent is named {tool.name!r}",
                param=f"tools[{position}].name",
            )
        names.add(tool.name)
    return (*own, *request.tools)


def refuse_taken_names(request: RunRequest, hosted: ToolSet) -> None:
    """Refuse a caller's tool that has the name of one the server runs.

    Raises InvalidRequest.
    """
    for position, tool in enumerate(request.tools):
        if hosted.known(tool.name) is not None:
            raise InvalidRequest(
                f"tools[{position}].name: the server runs a tool named {tool.name!r} for this agent",
                param=f"tools[{position}].name",
            )


def refuse_unknown_servers(request: RunRequest, hosted: ToolSet) -> None:
    """Refuse a choice of a server that the run has not.

    Raises InvalidRequest.
    """
    servers = () if request.tool_choice is None else request.tool_choice.servers
    if not servers:
        return
    known = (hosted.known(tool.name) for tool in hosted.definitions)
    labels = {*hosted.servers, *(tool.label for tool in known if tool is not None)}
    for server in servers:
        if server.label not in labels:
            param = f"{server.param}.server_label"
            raise InvalidRequest(
                f"{param}: there is no server {shortened(server.label)} in this request or its agent",
                param=param,
            )


def _tool_choice(request: RunRequest, agent: Agent, tools: tuple[Tool, ...]) -> ToolChoice:
    """Refuse a choice that names what is not there, or wants a call where nothing can be called.

    Where nothing is allowed, nothing is to be called.
    """
    choice = request.tool_choice
    if choice is None:
        return ToolChoice()
    known = {tool.name for tool in tools} | hosted_names(request, agent)
    names = (choice.name,) if choice.name is not None else choice.allowed or ()
    for position, name in enumerate(names):
        if name not in known:
            param = choice.params[position] if position < len(choice.params) else "tool_choice"
            raise InvalidRequest(
                f"{param}: there is no tool {shortened(name)} in this request or its agent", param=param
            )
    if choice.servers:
        return choice
    # The names of some tools are not known before their servers were asked.
    callable_ = (known or may_have_hosted(request, agent)) if choice.allowed is None else choice.allowed
    if choice.mode == "required" and not callable_:
        raise InvalidRequest(
            "tool_choice: a call is required, but there is no tool to call", param="tool_choice"
        )
    return ToolChoice("none") if choice.allowed == () else choice


def shortened(name: str) -> str:
    """A caller's name as a message quotes it."""
    return repr(name) if len(name) <= 80 else f"{name[:79]!r}…"
