"""Agents as objects on the wire: what is asked of one, and how one is shown."""

from service.dialects.agents.read import read_agent, read_sharing
from service.dialects.agents.render import agent_to_wire

__all__ = ["agent_to_wire", "read_agent", "read_sharing"]
