"""Threads, messages and runs as they lie in their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from service.store.thread_ports import Stretch
from specs.agents import ToolResources
from specs.errors import Failure
from specs.items import Item, Message
from specs.threads import Attachment, RunTerms, Step, Thread, ThreadMessage, ThreadRun
from specs.usage import Usage

FIRST, LAST = -1, 2**62
"""Before and after every place of a list."""

_encoder = msgspec.json.Encoder()
_metadata = msgspec.json.Decoder(dict[str, str])
_resources = msgspec.json.Decoder(ToolResources)
_attachments = msgspec.json.Decoder(tuple[Attachment, ...])
_terms = msgspec.json.Decoder(RunTerms)
_failure = msgspec.json.Decoder(Failure)
_items = msgspec.json.Decoder(tuple[Item, ...])
_step = msgspec.json.Decoder(Step)
_usage = msgspec.json.Decoder(Usage)


def text_of(value: object) -> str | None:
    """A value as JSON; None stays None."""
    return None if value is None else _encoder.encode(value).decode()


def row_to_thread(values: Sequence[Any]) -> Thread:
    """Read a thread."""
    id, project, metadata, resources, created_at = values
    found = None if resources is None else _resources.decode(resources)
    return Thread(id, project, _metadata.decode(metadata), found, created_at)


def message_to_row(message: ThreadMessage, project: str) -> dict[str, object]:
    """Write down what a message has beyond its item."""
    return {
        "thread": message.thread,
        "id": message.item.id,
        "project": project,
        "run": message.run,
        "assistant": message.assistant,
        "attachments": text_of(message.attachments),
        "metadata": text_of(message.metadata),
        "created_at": message.created_at,
        "ended_at": message.ended_at,
        "reason": message.reason,
    }


def row_to_message(thread: str, item: Message, values: Sequence[Any]) -> ThreadMessage:
    """Read what a message has beyond its item, from when the item was written on."""
    written_at, run, assistant, attachments, metadata, created_at, ended_at, reason = values
    if created_at is None:  # it came by another API
        return ThreadMessage(thread=thread, item=item, created_at=written_at, ended_at=written_at)
    return ThreadMessage(
        thread=thread,
        item=item,
        created_at=created_at,
        ended_at=ended_at,
        run=run,
        assistant=assistant,
        attachments=None if attachments is None else _attachments.decode(attachments),
        metadata=_metadata.decode(metadata),
        reason=reason,
    )


def run_to_row(run: ThreadRun) -> dict[str, object]:
    """Write a run down as it begins, or as it stands."""
    return {
        "id": run.id,
        "thread": run.thread,
        "project": run.project,
        "assistant": run.assistant,
        "status": run.status,
        "terms": text_of(run.terms),
        "echo": run.echo,
        "metadata": text_of(run.metadata),
        "leg": run.leg,
        "legs": run.legs,
        "begins": run.begins,
        "created_at": run.created_at,
        "expires_at": run.expires_at,
        "ended_at": run.ended_at,
        "reason": run.reason,
        "error": text_of(run.error),
        "held": text_of(run.held) if run.status == "requires_action" else None,
    }


def row_to_run(values: Sequence[Any], usage: Usage) -> ThreadRun:
    """Read a run."""
    (id, thread, project, assistant, status, terms, echo, metadata, leg, legs, *rest) = values
    (begins, created_at, expires_at, ended_at, reason, error, held) = rest
    return ThreadRun(
        id=id,
        thread=thread,
        project=project,
        assistant=assistant,
        status=status,
        terms=_terms.decode(terms),
        echo=echo,
        metadata=_metadata.decode(metadata),
        leg=leg,
        legs=legs,
        begins=begins,
        created_at=created_at,
        expires_at=expires_at,
        ended_at=ended_at,
        reason=reason,
        error=None if error is None else _failure.decode(error),
        held=() if held is None else _items.decode(held),
        usage=usage,
    )


def read_step(payload: str) -> Step:
    """Read a step."""
    return _step.decode(payload)


def read_usage(payload: str) -> Usage:
    """Read what a leg used."""
    return _usage.decode(payload)


def statement_of(ask: Stretch) -> tuple[str, bool]:
    """Which way a list is read for this, and whether what is read comes in the other order than asked."""
    backwards = ask.before is not None and ask.after is None
    upwards = (ask.order == "asc") != backwards
    return ("upwards" if upwards else "downwards"), backwards


def ends_of(ask: Stretch) -> tuple[int, int]:
    """Where a list begins and ends that is asked for without a place."""
    return (LAST, FIRST) if ask.order == "desc" else (FIRST, LAST)


def bounds_of(ask: Stretch, after: int, before: int) -> tuple[int, int]:
    """What lies below and above the part that is asked for."""
    return (after, before) if ask.order == "asc" else (before, after)
