"""Of the tools that the server is to run for a request: which there are, and which have to be left out."""

from __future__ import annotations

from msgspec import structs

from specs.agents import Agent, AgentTool, CodeInterpreterTool, FileSearchTool
from specs.requests import RunRequest, ToolChoice
from specs.tools import SEARCH_TOOL, HostedTool, WebSearch

NotRun = FileSearchTool | CodeInterpreterTool
"""Tools of agents that nobody runs here."""


def may_have_hosted(request: RunRequest, agent: Agent) -> bool:
    """Whether there may be tools that the server is to run."""
    if request.hosted or agent.actions:
        return True
    return bool(agent.tools) and len(agent.functions) < len(agent.tools)


def with_hosted(request: RunRequest, agent: Agent, warnings: list[str], *, searches: bool) -> RunRequest:
    """The request with those tools alone that can be run; what is left out is added to `warnings`."""
    warnings += [
        f"tools: {tool.__struct_config__.tag!r} of this agent cannot be run here and is left out"
        for tool in agent.tools
        if isinstance(tool, NotRun) or (isinstance(tool, WebSearch) and not searches)
    ]
    if request.hosted and "tools" not in agent.overrides:
        warnings.append("tools: this agent does not let callers add to its own")
        kept: list[tuple[HostedTool, str]] = []
    else:
        kept = _kept(request, warnings, searches=searches)
    changed = structs.replace(
        request, hosted=tuple(tool for tool, _ in kept), hosted_params=tuple(param for _, param in kept)
    )
    if searches or SEARCH_TOOL not in hosted_names(request, agent):
        return changed
    return _without_choice(changed, agent, warnings)


def _kept(request: RunRequest, warnings: list[str], *, searches: bool) -> list[tuple[HostedTool, str]]:
    """The caller's tools that can be run, each with where it stands."""
    kept: list[tuple[HostedTool, str]] = []
    for position, tool in enumerate(request.hosted):
        param = request.hosted_params[position] if position < len(request.hosted_params) else "tools"
        if isinstance(tool, WebSearch) and not searches:
            warnings.append(f"{param}: no web search is configured here; it was left out.")
        else:
            kept.append((tool, param))
    return kept


def _without_choice(request: RunRequest, agent: Agent, warnings: list[str]) -> RunRequest:
    """The request without the choice of a search that cannot be made: the model chooses among the rest."""
    choice = request.tool_choice or ToolChoice()
    functions = {tool.name for tool in (*agent.functions, *request.tools)}
    if SEARCH_TOOL in functions or SEARCH_TOOL not in (choice.name, *(choice.allowed or ())):
        return request
    warnings.append("tool_choice: no web search is configured here; the model chooses.")
    rest = tuple(name for name in choice.allowed or () if name != SEARCH_TOOL)
    left = ToolChoice() if not (rest or choice.servers) else structs.replace(choice, allowed=rest, params=())
    return structs.replace(request, tool_choice=left)


def hosted_names(request: RunRequest, agent: Agent) -> frozenset[str]:
    """The names of hosted tools that are known before any server was asked."""
    tools: tuple[AgentTool | HostedTool, ...] = (*agent.tools, *request.hosted)
    return frozenset((SEARCH_TOOL,)) if any(isinstance(tool, WebSearch) for tool in tools) else frozenset()
