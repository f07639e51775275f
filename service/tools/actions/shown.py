"""What a document would become, as it is shown to whoever writes it."""

from __future__ import annotations

from urllib.parse import urlsplit

from specs.actions import ActionReport, Operation
from specs.addresses import AddressPolicy
from specs.openai.actions import ActionHost, ActionRewrite, ActionTool, ActionValidation


def to_validation(report: ActionReport, policy: AddressPolicy) -> ActionValidation:
    """Say what a document becomes, and which hosts would be called."""
    action = report.action
    return ActionValidation(
        object="action.validation",
        valid=action is not None,
        title=report.title if isinstance(report.title, str) else "",
        tools=() if action is None else tuple(map(_tool, action.operations)),
        hosts=() if action is None else (_host(action.server, policy),),
        rewritten=tuple(ActionRewrite(each.tool, each.what, each.refused) for each in report.rewritten),
        left_out=report.left_out,
        problems=report.problems,
    )


def _tool(operation: Operation) -> ActionTool:
    return ActionTool(
        operation.tool,
        operation.description,
        operation.method,
        operation.path,
        operation.strict,
        operation.schema,
    )


def _host(server: str, policy: AddressPolicy) -> ActionHost:
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    return ActionHost(host if parts.port is None else f"{host}:{port}", not policy.denies(host, port))
