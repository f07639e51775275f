"""Runs on threads, polled: the official SDK is the client, a scripted model the upstream."""

from __future__ import annotations

import pytest
from openai import OpenAI

from tests.support.script import Script
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

pytestmark = pytest.mark.filterwarnings("ignore:The Assistants API is deprecated")
AGENT = "agent_answers"


def test_create_and_poll_completes_with_a_message_and_usage(client: OpenAI, upstream: Upstream, key):
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=21, cached=5, output=9)))
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "Hello"}])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=AGENT)
    assert run.status == "completed", run
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (21, 9, 30)
    messages = client.beta.threads.messages.list(thread.id)
    assert [message.role for message in messages] == ["assistant", "user"]
    assert messages.data[0].content[0].text.value == "Good day"
    assert (messages.data[0].run_id, messages.data[0].assistant_id) == (run.id, AGENT)
    (step,) = client.beta.threads.runs.steps.list(run.id, thread_id=thread.id)
    assert (step.type, step.status) == ("message_creation", "completed")
    assert step.step_details.message_creation.message_id == messages.data[0].id
    assert step.usage.total_tokens == 30
    assert (len(key.usage), key.account.held) == (1, 0)
