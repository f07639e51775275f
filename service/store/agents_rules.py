"""What an agent made over the API may be in this deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from service.store.agents import Agents
from service.store.agents_cache import STORED_PREFIXES
from service.store.agents_records import Sharing
from service.store.records import KeyRecord
from specs.agents import Agent
from specs.errors import InvalidRequest
from specs.tools import McpServer

_ID = re.compile(r"(agent|asst)_[A-Za-z0-9_]{1,64}")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


class AgentRules:
    """Knows models, tools and names. `runnable` says whether a `provider/model` may be run, `connectors`
    which servers of the configuration anybody may name."""

    def __init__(
        self,
        agents: Agents,
        *,
        runnable: Callable[[str], bool],
        connectors: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._agents = agents
        self._runnable = runnable
        self._connectors = connectors

    def check(self, agent: Agent, project_name: str, *, before: Agent | None) -> None:
        """Refuse what is new about an agent and cannot be had here. Raises InvalidRequest."""
        known = () if before is None else before.models
        for place, model in enumerate(agent.models):
            if model not in known:
                self._check_model(model, project_name, "model" if place == 0 else f"fallbacks[{place - 1}]")
        if before is None or agent.tools != before.tools:
            self._check_capabilities(agent)
            self._check_connectors(agent)
        self._check_aliases(agent.aliases, () if before is None else before.aliases, project_name)

    def check_id(self, id: str) -> None:
        """Refuse what is no id of an agent made over the API. Raises InvalidRequest."""
        if not _ID.fullmatch(id):
            raise InvalidRequest(
                f"id: {id[:80]!r} must be 'agent_' or 'asst_' and 1 to 64 letters, digits and '_'", param="id"
            )
        if any(agent.id == id for agent in self._agents.configured):
            raise InvalidRequest(f"id: {id!r} is an agent of the configuration", param="id")

    def _check_model(self, model: str, project_name: str, param: str) -> None:
        meant = self._agents.model_of(model, project_name)
        if meant is None:
            raise InvalidRequest(
                f"{param}: there is no model {model[:200]!r} here; name one as 'provider/model', by a name "
                "of the operator's, or by an agent whose model it is to be.",
                param=param,
            )
        if not self._runnable(meant):
            raise InvalidRequest(
                f"{param}: the model {model[:200]!r} cannot be run here: it has no price, or is left out.",
                param=param,
            )

    def _check_capabilities(self, agent: Agent) -> None:
        allowed = self._agents.directory.capabilities
        for index, tool in enumerate(agent.tools):
            kind = tool.__struct_config__.tag
            if kind not in allowed:
                words = ", ".join(map(repr, allowed)) or "none"
                param = f"tools[{index}].type"
                raise InvalidRequest(
                    f"{param}: this deployment allows no {kind!r}; it allows {words}.", param=param
                )

    def _check_connectors(self, agent: Agent) -> None:
        for index, tool in enumerate(agent.tools):
            if not isinstance(tool, McpServer) or tool.connector is None:
                continue
            if tool.connector not in (shared := self._connectors()):
                words = ", ".join(map(repr, sorted(shared))) or "none"
                param = f"tools[{index}].connector_id"
                raise InvalidRequest(
                    f"{param}: there is no {tool.connector!r} here; the operator shares {words}.", param=param
                )

    def _check_aliases(self, aliases: Collection[str], before: Collection[str], project_name: str) -> None:
        for index, alias in enumerate(aliases):
            if alias in before:
                continue
            param = f"aliases[{index}]"
            if not _ALIAS.fullmatch(alias) or alias.startswith(STORED_PREFIXES):
                raise InvalidRequest(
                    f"{param}: {alias[:80]!r} must be 1 to 128 letters, digits and any of . _ : / -, "
                    "beginning with a letter or digit, but not with 'agent_' or 'asst_'.",
                    param=param,
                )
            if self._agents.is_taken(alias, project_name):
                raise InvalidRequest(
                    f"{param}: another agent of this project answers to {alias!r}", param=param
                )

    def checked(self, sharing: Sharing) -> Sharing:
        """Refuse to share where nothing is shared. Raises InvalidRequest."""
        if self._agents.directory.private_only and sharing.visibility != "private":
            raise InvalidRequest(
                "sharing.visibility must be 'private': this deployment keeps agents to their owners.",
                param="sharing.visibility",
            )
        return sharing

    def default_sharing(self, key: KeyRecord) -> Sharing:
        """What a new agent is shared with: as in OpenAI's API every key of its project."""
        if key.user is None or self._agents.directory.private_only:
            return Sharing()
        return Sharing("shared", (key.project,))
