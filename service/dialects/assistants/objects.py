"""Threads, runs and steps as the Assistants API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from service.dialects.agents.tools import resources_to_wire
from service.dialects.assistants.read import RunEcho
from specs.errors import Failure
from specs.items import FunctionCall, HostedCall
from specs.openai import assistants_runs as wire
from specs.openai.assistants_threads import ThreadObject
from specs.threads import Step, Thread, ThreadRun
from specs.usage import Usage

_echo = msgspec.json.Decoder(RunEcho)
_TOKEN_REASONS = ("max_completion_tokens", "max_prompt_tokens")


def thread_to_wire(thread: Thread) -> ThreadObject:
    """A thread."""
    return ThreadObject(
        thread.id, thread.created_at, resources_to_wire(thread.tool_resources), thread.metadata
    )


def run_to_wire(run: ThreadRun) -> wire.RunObject:
    """A run, as it stands."""
    said, over = _echo.decode(run.echo), run.ended_at is not None
    return wire.RunObject(
        id=run.id,
        created_at=run.created_at,
        thread_id=run.thread,
        assistant_id=run.assistant,
        status=run.status,
        required_action=_required(run),
        last_error=_last_error(run),
        expires_at=None if over else run.expires_at,
        started_at=None if run.status == "queued" and run.legs == 1 else run.created_at,
        cancelled_at=run.ended_at if run.status == "cancelled" else None,
        failed_at=run.ended_at if run.status == "failed" else None,
        completed_at=run.ended_at if run.status == "completed" else None,
        incomplete_details=_incomplete(run),
        model=said.model,
        instructions=said.instructions,
        tools=said.tools,
        metadata=run.metadata,
        usage=usage_to_wire(run.usage) if over else None,
        temperature=said.temperature,
        top_p=said.top_p,
        max_prompt_tokens=said.max_prompt_tokens,
        max_completion_tokens=said.max_completion_tokens,
        truncation_strategy=said.truncation_strategy,
        tool_choice=said.tool_choice,
        parallel_tool_calls=said.parallel_tool_calls,
        response_format=said.response_format,
    )


def _required(run: ThreadRun) -> wire.RequiredAction | None:
    if run.status != "requires_action":
        return None
    calls = tuple(
        wire.WantedCall(call.call_id, wire.WantedFunction(call.name, call.arguments)) for call in run.waiting
    )
    return wire.RequiredAction(wire.WantedOutputs(calls))


def _last_error(run: ThreadRun) -> wire.RunError | None:
    if run.status == "failed":
        failure = run.error
        return wire.RunError(_code(failure), failure.message if failure else "The run failed.")
    if run.status == "incomplete" and run.reason not in _TOKEN_REASONS:
        return wire.RunError("server_error", f"The run ended early: {run.reason or 'other'}.")
    return None


def _code(failure: Failure | None) -> Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]:
    match failure:
        case Failure(status=429):
            return "rate_limit_exceeded"
        case Failure(status=400 | 404 | 413):
            return "invalid_prompt"
        case _:
            return "server_error"


def _incomplete(run: ThreadRun) -> wire.RunIncomplete | None:
    if run.status != "incomplete":
        return None
    return wire.RunIncomplete(run.reason) if run.reason in _TOKEN_REASONS else wire.RunIncomplete()  # type: ignore[arg-type]


def usage_to_wire(usage: Usage) -> wire.RunUsage:
    """Tokens, in this API's names."""
    prompt, completion = usage.input or 0, usage.output or 0
    return wire.RunUsage(prompt, completion, prompt + completion, wire.PromptDetails(usage.cache_read or 0))


def step_to_wire(step: Step, run: ThreadRun) -> wire.StepObject:
    """A step of a run."""
    at = step.ended_at
    return wire.StepObject(
        id=step.id,
        created_at=step.created_at,
        assistant_id=run.assistant,
        thread_id=run.thread,
        run_id=run.id,
        type="tool_calls" if step.message is None else "message_creation",
        status=step.status,
        step_details=_details(step),
        last_error=_step_error(step),
        expired_at=at if step.status == "expired" else None,
        cancelled_at=at if step.status == "cancelled" else None,
        failed_at=at if step.status == "failed" else None,
        completed_at=at if step.status == "completed" else None,
        usage=None if step.status == "in_progress" else usage_to_wire(step.usage),
    )


def _details(step: Step) -> wire.StepDetails:
    if step.message is not None:
        return wire.MessageCreation(wire.CreatedMessage(step.message))
    return wire.ToolCalls(tuple(call_to_wire(call, step.outputs) for call in step.calls))


def call_to_wire(call: FunctionCall | HostedCall, outputs: dict[str, str]) -> wire.StepCall:
    """A call, with its output as soon as it is there."""
    if isinstance(call, HostedCall):
        output = call.output if call.error is None else call.error
    else:
        output = outputs.get(call.call_id)
    return wire.StepCall(call.call_id, wire.CalledTool(call.name, call.arguments, output))


def _step_error(step: Step) -> wire.StepError | None:
    if step.status != "failed":
        return None
    failure = step.error
    limited = failure is not None and failure.status == 429
    message = failure.message if failure else "The step failed."
    return wire.StepError("rate_limit_exceeded" if limited else "server_error", message)


def ends_of(ids: Sequence[str]) -> tuple[str | None, str | None]:
    """The first and the last id of a page; nothing of an empty one."""
    return (ids[0], ids[-1]) if ids else (None, None)
