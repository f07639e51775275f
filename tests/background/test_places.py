"""So many responses are made in the background at once; the others wait, queued, and can be cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from msgspec import structs
from openai import OpenAI

from service.settings.model import Engine
from tests.background.test_background import STALLED, ended
from tests.service.conftest import configuration
from tests.support.house import Key, Service, eventually, service_in_thread
from tests.support.script import Script
from tests.support.upstream import Upstream

AGENT = "agent_answers"
WHOLE = Script(text=("Done.",))


@pytest.fixture(scope="module")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One place, and room for two to wait."""
    folder: Path = tmp_path_factory.mktemp("places")
    engine = structs.replace(Engine(), max_background=1, max_background_waiting=2)
    with service_in_thread(
        configuration(shared_upstream.base_url), folder, changes={"engine": engine}
    ) as service:
        yield service


def begin(client: OpenAI, **more: Any) -> str:
    return client.responses.create(model=AGENT, input="Hello", background=True, **more).id


def under_way(client: OpenAI, upstream: Upstream) -> str:
    """The response that has the place."""
    id = begin(client)
    eventually(lambda: bool(upstream.exchanges))
    return id


def status(client: OpenAI, id: str) -> str | None:
    return client.responses.retrieve(id).status


def test_what_has_no_place_stays_queued_until_there_is_one(client: OpenAI, upstream: Upstream, key: Key):
    upstream.enqueue(STALLED, WHOLE, WHOLE)
    first = under_way(client, upstream)
    second, third = begin(client), begin(client)
    assert [status(client, id) for id in (second, third)] == ["queued", "queued"]
    assert len(upstream.exchanges) == 1
    client.responses.cancel(first)
    assert [ended(client, id).output_text for id in (second, third)] == ["Done.", "Done."]
    assert key.account.held == 0


def test_what_waits_is_cancelled_at_once_and_never_called(client: OpenAI, upstream: Upstream, key: Key):
    upstream.enqueue(STALLED)
    first = under_way(client, upstream)
    second = begin(client)
    assert client.responses.cancel(second).status == "cancelled"
    assert len(upstream.exchanges) == 1
    client.responses.cancel(first)
    assert len(key.usage) == 1


def test_what_waits_can_be_deleted(client: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED, WHOLE)
    first = under_way(client, upstream)
    client.responses.delete(begin(client))
    third = begin(client)
    client.responses.cancel(first)
    assert ended(client, third).status == "completed"
    assert len(upstream.exchanges) == 2


def test_where_too_many_wait_one_more_is_refused(client: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED, WHOLE, WHOLE)
    first = under_way(client, upstream)
    waiting = [begin(client), begin(client)]
    with pytest.raises(openai.InternalServerError) as refused:
        begin(client)
    assert (refused.value.status_code, refused.value.code) == (503, "overloaded")
    assert refused.value.response.headers["retry-after"] == "10"
    client.responses.cancel(first)
    assert [ended(client, id).status for id in waiting] == ["completed", "completed"]


def test_a_conversation_is_its_own_while_it_waits(client: OpenAI, upstream: Upstream):
    upstream.enqueue(STALLED, WHOLE)
    first = under_way(client, upstream)
    conversation = client.conversations.create()
    second = begin(client, conversation=conversation.id)
    with pytest.raises(openai.ConflictError):
        client.responses.create(model=AGENT, input="Me too", conversation=conversation.id)
    client.responses.cancel(first)
    ended(client, second)
    assert len(list(client.conversations.items.list(conversation.id))) == 2


def test_the_lease_of_what_waits_is_renewed(client: OpenAI, upstream: Upstream, service: Service):
    upstream.enqueue(STALLED, WHOLE)
    first = under_way(client, upstream)
    second = begin(client)
    background = service.house.background

    async def late() -> None:
        await background.store.expire_others("nobody")
        await background.tick()

    service.do(late())
    assert status(client, second) == "queued"
    client.responses.cancel(first)
    assert ended(client, second).status == "completed"
    assert len(upstream.exchanges) == 2
