"""Agents as objects on the wire: what is asked of one, and how one is shown."""

from service.dialects.agents.actions import documents_of
from service.dialects.agents.making import Making
from service.dialects.agents.read import read_agent, read_sharing
from service.dialects.agents.render import agent_to_wire

__all__ = ["Making", "agent_to_wire", "documents_of", "read_agent", "read_sharing"]
