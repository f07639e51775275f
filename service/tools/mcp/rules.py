"""Which tools of a server are offered, and which calls ask first. Pure."""

from __future__ import annotations

from typing import Protocol

from specs.tools import ApprovalRule, ToolFilter


class Described(Protocol):
    """What rules look at."""

    @property
    def name(self) -> str:
        """The tool as its server calls it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether the server says that it changes nothing."""
        ...


def allows(rule: ToolFilter | None, tool: Described) -> bool:
    """Whether a filter lets the tool through; None is no filter."""
    return rule is None or (
        (rule.names is None or tool.name in rule.names)
        and tool.name not in rule.without
        and (rule.read_only is None or tool.read_only == rule.read_only)
    )


def asks(rule: ApprovalRule, tool: Described) -> bool:
    """Whether a call of the tool has to be approved. What is named on both sides asks."""
    match rule:
        case "always":
            return True
        case "never":
            return False
        case _:
            always = rule.always is not None and allows(rule.always, tool)
            return always or rule.never is None or not allows(rule.never, tool)


def usual_rule(*, own: bool, alone: bool) -> ApprovalRule:
    """The rule where none was given: a caller's server asks always, an agent's own unless it is `alone` in
    its run, as what one server answers may talk the model into calling another."""
    return "never" if own and alone else "always"
