"""What a request that makes or changes an agent is read with: documents read aside, credentials sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import UnsetType

from service.dialects.agents import Making, documents_of
from service.http.house import House
from service.tools.actions.auths import seal_auth
from service.tools.actions.operations import report_of
from service.tools.credentials import in_agent, seal
from specs.actions import ActionReport, ActionSpec
from specs.openai.agents import MAX_TOOLS, AgentToolParam


async def making_of(
    house: House, tools: Sequence[AgentToolParam] | UnsetType | None, *, project: str, agent: str
) -> Making:
    """What these tools are made with, for an agent of a project.

    Raises InvalidRequest naming the field at fault.
    """
    asked = () if isinstance(tools, UnsetType) or tools is None else tools[: MAX_TOOLS + 1]
    documents = documents_of(asked)
    reports = await asyncio.to_thread(_read, documents) if documents else {}
    sealer, about = house.vault.sealer, in_agent(project, agent)
    return Making(
        partial(seal, sealer=sealer, about=about), partial(seal_auth, sealer=sealer, about=about), reports
    )


def _read(documents: Mapping[str, ActionSpec]) -> dict[str, ActionReport]:
    """In a thread, as a large document takes a while."""
    return {at: report_of(spec) for at, spec in documents.items()}
