"""Three services on one PostgreSQL database: a run may be asked for, followed and ended at any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.assistants.common import DEPRECATED, WEATHER, outputs_of, thread_of, until_status
from tests.postgres.conftest import Replicas, replicas
from tests.postgres.test_services import client_of
from tests.support.script import Script, ToolCall

__all__ = ["replicas"]
pytestmark = DEPRECATED
MODEL = "local/scripted-1"
WORDS = tuple(f"word{number} " for number in range(20))


@pytest.fixture
def clients(replicas: Replicas) -> Iterator[list[OpenAI]]:
    key = replicas.first.create_key()
    clients = [client_of(service, key) for service in replicas.services]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(autouse=True)
def books_add_up() -> None:
    """These services have books of their own."""


def test_a_run_goes_on_at_another_service(clients: list[OpenAI], replicas: Replicas):
    here, there, third = clients
    replicas.upstream.enqueue(Script(calls=(ToolCall("weather"),)), Script(text=WORDS, pace=0.01))
    thread = thread_of(here, "order 1")
    run = here.beta.threads.runs.create(thread_id=thread, assistant_id=MODEL, tools=[WEATHER])
    waiting = until_status(there, run, "requires_action")
    outputs: Any = outputs_of(waiting)
    with there.beta.threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=thread, tool_outputs=outputs
    ) as events:
        done = events.get_final_run()
    assert third.beta.threads.runs.retrieve(run.id, thread_id=thread) == done
    (message,) = third.beta.threads.messages.list(thread, run_id=run.id)
    assert message.content[0].text.value == "".join(WORDS)


def test_a_run_is_cancelled_at_another_service(clients: list[OpenAI], replicas: Replicas):
    here, there, third = clients
    replicas.upstream.enqueue(Script(text=WORDS, stall_after_events=5))
    thread = thread_of(here, "order 1")
    run = here.beta.threads.runs.create(thread_id=thread, assistant_id=MODEL)
    until_status(there, run, "in_progress")
    assert there.beta.threads.runs.cancel(run.id, thread_id=thread).status == "cancelling"
    until_status(third, run, "cancelled")
