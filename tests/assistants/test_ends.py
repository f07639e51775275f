"""How runs on threads end when nobody ends them: by their time, and after their process was gone."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from tests.assistants.common import (
    CALL,
    DEPRECATED,
    STALLED,
    SUNNY,
    WEATHER,
    thread_of,
    until_status,
)
from tests.service.conftest import configuration
from tests.support.house import Service, service_in_thread
from tests.support.upstream import Upstream

pytestmark = DEPRECATED
IN_HASTE = """
[[agents]]
id = "agent_in_haste"
model = "answers/scripted-1"
[agents.limits]
max_seconds = 4
"""


@pytest.fixture(scope="module")
def hasty(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with an agent whose runs may take four seconds, and one run at a time."""
    config = "[engine]\nmax_background = 1\n" + configuration(shared_upstream.base_url) + IN_HASTE
    with service_in_thread(config, tmp_path_factory.mktemp("hasty")) as service:
        yield service


@pytest.fixture
def haste(hasty: Service) -> Iterator[OpenAI]:
    key = hasty.key()
    with OpenAI(base_url=hasty.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        yield client
    assert hasty.broken() == []


def test_a_run_that_waits_too_long_expires(haste: OpenAI, upstream: Upstream):
    upstream.enqueue(CALL)
    thread = thread_of(haste)
    run = haste.beta.threads.runs.create(thread_id=thread, assistant_id="agent_in_haste", tools=[WEATHER])
    assert run.expires_at == run.created_at + 4
    done = until_status(haste, run, "expired")
    assert (done.expires_at, done.required_action) == (None, None)
    steps = haste.beta.threads.runs.steps.list(run.id, thread_id=thread)
    assert [step.status for step in steps] == ["expired", "completed"]
    assert steps.data[0].expired_at is not None
    with pytest.raises(openai.BadRequestError, match="'expired'"):
        haste.beta.threads.runs.submit_tool_outputs(
            run_id=run.id, thread_id=thread, tool_outputs=[{"tool_call_id": "call_x", "output": "x"}]
        )
    upstream.enqueue(SUNNY)
    assert haste.beta.threads.runs.create(thread_id=thread, assistant_id="agent_answers").id


def test_a_run_that_works_too_long_expires_with_what_it_had_said(haste: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED)
    thread = thread_of(haste)
    run = haste.beta.threads.runs.create(thread_id=thread, assistant_id="agent_in_haste")
    until_status(haste, run, "expired")
    message = haste.beta.threads.messages.list(thread).data[0]
    assert message.content[0].text.value == "One "
    assert (message.status, message.incomplete_details.reason) == ("incomplete", "run_expired")
    (step,) = haste.beta.threads.runs.steps.list(run.id, thread_id=thread)
    assert step.status == "expired"


def test_a_run_that_never_came_to_its_turn_expires_or_is_cancelled(haste: OpenAI, upstream: Upstream):
    upstream.answer_with(lambda exchange: STALLED)
    runs = haste.beta.threads.runs
    first = runs.create(thread_id=thread_of(haste), assistant_id="agent_answers")
    until_status(haste, first, "in_progress")
    late = runs.create(thread_id=thread_of(haste), assistant_id="agent_in_haste")
    unwanted = runs.create(thread_id=thread_of(haste), assistant_id="agent_answers")
    assert {late.status, unwanted.status} == {"queued"}
    runs.cancel(unwanted.id, thread_id=unwanted.thread_id)
    assert until_status(haste, unwanted, "cancelled").usage.total_tokens == 0
    assert until_status(haste, late, "expired").usage.total_tokens == 0
    assert len(upstream.exchanges) == 1
    runs.cancel(first.id, thread_id=first.thread_id)
    until_status(haste, first, "cancelled")
