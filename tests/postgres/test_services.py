"""Services that share a database: what one does, every other knows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from openai import APIConnectionError, AuthenticationError, ConflictError, OpenAI

from service.ids import new_id
from specs.secret import Secret
from tests.postgres.conftest import Replicas
from tests.support.house import eventually
from tests.support.postgres import ask
from tests.support.processes import Service
from tests.support.script import Script

MODEL = "local/scripted-1"
WORDS = tuple(f"word{number} " for number in range(20))
STALLED = Script(text=WORDS, stall_after_events=8)
LOGGED = """
select exists (
    select 1 from run_events as e join background_runs as b on b.run = e.run
    where b.response = '{}' and e.payload like '%word3%'
)"""
OWNER = "select b.owner from background_runs as b where b.response = '{}'"


@pytest.fixture
def key(replicas: Replicas) -> str:
    return replicas.first.create_key()


@pytest.fixture
def clients(replicas: Replicas, key: str) -> Iterator[list[OpenAI]]:
    clients = [client_of(service, key) for service in replicas.services]
    yield clients
    for client in clients:
        client.close()


def client_of(service: Service, key: str) -> OpenAI:
    return OpenAI(base_url=f"{service.base_url}/v1", api_key=key, max_retries=0)


def is_logged(replicas: Replicas, response: str) -> bool:
    """Whether some of a response's text was written down: then its model has been called."""
    return ask(replicas.where, LOGGED.format(response)) == [(True,)]


def test_one_of_them_made_the_first_keys(replicas: Replicas):
    admins = ask(replicas.where, "select count(*) from keys where name = 'admin'")
    assert admins == [(1,)]


def test_a_conversation_goes_on_at_another(clients: list[OpenAI]):
    here, there, *_ = clients
    first = here.responses.create(model=MODEL, input="Good day")
    assert there.responses.retrieve(first.id).output_text == first.output_text
    second = there.responses.create(model=MODEL, input="And now?", previous_response_id=first.id)
    assert second.status == "completed"


def test_a_run_in_the_background_is_followed_at_another(clients: list[OpenAI], replicas: Replicas):
    here, there, *_ = clients
    replicas.upstream.enqueue(Script(text=WORDS, pace=0.02))
    made = here.responses.create(model=MODEL, input="order 1", background=True)
    *_, last = there.responses.retrieve(made.id, stream=True)
    assert last.type == "response.completed"
    assert last.response.output_text == "".join(WORDS)


def test_a_run_is_cancelled_at_another(clients: list[OpenAI], replicas: Replicas):
    here, there, *_ = clients
    replicas.upstream.enqueue(STALLED)
    made = here.responses.create(model=MODEL, input="order 1", background=True)
    eventually(lambda: is_logged(replicas, made.id))
    assert there.responses.retrieve(made.id).status == "in_progress"
    there.responses.cancel(made.id)
    eventually(lambda: there.responses.retrieve(made.id).status == "cancelled")


def test_a_conversation_has_one_writer_wherever_that_is(clients: list[OpenAI], replicas: Replicas):
    here, there, *_ = clients
    conversation = here.conversations.create().id
    replicas.upstream.enqueue(STALLED)
    first = here.responses.create(model=MODEL, input="order 1", conversation=conversation, background=True)
    eventually(lambda: is_logged(replicas, first.id))
    with pytest.raises(ConflictError):
        there.responses.create(model=MODEL, input="order 2", conversation=conversation)
    there.responses.cancel(first.id)
    eventually(lambda: there.responses.retrieve(first.id).status == "cancelled")
    second = there.responses.create(model=MODEL, input="order 3", conversation=conversation)
    assert second.status == "completed"


def test_a_revoked_key_is_refused_everywhere(replicas: Replicas):
    secret = replicas.first.create_key(name="to be revoked")
    clients = [client_of(service, secret) for service in replicas.services]
    assert all(client.models.list().data for client in clients)
    ((id,),) = ask(replicas.where, "select id from keys where name = 'to be revoked'")
    replicas.second.run("keys", "revoke", id)
    for client in clients:
        eventually(lambda client=client: refused(client))
        client.close()


def refused(client: OpenAI) -> bool:
    try:
        client.models.list()
    except AuthenticationError:
        return True
    return False


def test_a_repeat_at_another_gets_the_same_answer(replicas: Replicas, key: str):
    headers = {"authorization": f"Bearer {key}", "idempotency-key": new_id("idem")}
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    first, again = (
        httpx.post(f"{service.base_url}/v1/chat/completions", headers=headers, json=body)
        for service in replicas.services[:2]
    )
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


def test_a_file_is_read_at_another(clients: list[OpenAI]):
    here, there, *_ = clients
    made = here.files.create(file=("notes.txt", b"Remember the milk."), purpose="user_data")
    assert there.files.content(made.id).read() == b"Remember the milk."


def test_the_commands_work_beside_them(replicas: Replicas, clients: list[OpenAI]):
    made = clients[0].responses.create(model=MODEL, input="Good day")
    assert b"admin" in replicas.first.run("keys", "list")
    assert b"test" in replicas.first.run("usage")
    assert made.id.encode() in replicas.second.run("ledger", "report", made.id)
    replicas.first.run("doctor")


@pytest.fixture
def dying(replicas: Replicas) -> Iterator[Service]:
    """One that a test may kill; it is there again afterwards."""
    yield replicas.services[2]
    replicas.services[2].spawn()
    replicas.services[2].wait_until_ready()


def expire_leases(where: Secret, owner: str) -> None:
    """Let the time pass after which a service is taken for dead."""
    for table in ("runs", "background_runs"):
        ask(where, f"update {table} set lease_until = 0 where owner in ({owner})")  # noqa: S608 (all ours)


def open_holds(where: Secret) -> int:
    ((count,),) = ask(where, "select count(*) from holds where state = 'open'")
    return count


def test_the_runs_of_a_dead_service_are_ended_by_another(replicas: Replicas, key: str, dying: Service):
    living = client_of(replicas.first, key)
    replicas.upstream.enqueue(STALLED)
    with client_of(dying, key) as client:
        made = client.responses.create(model=MODEL, input="order 1", background=True)
    eventually(lambda: is_logged(replicas, made.id))
    dying.kill()
    expire_leases(replicas.where, OWNER.format(made.id))
    eventually(lambda: living.responses.retrieve(made.id).status == "failed")
    assert "word3" in living.responses.retrieve(made.id).output_text
    eventually(lambda: open_holds(replicas.where) == 0)
    living.close()


def test_what_a_dead_service_held_is_charged_by_another(replicas: Replicas, key: str, dying: Service):
    replicas.upstream.answer_with(lambda _: STALLED)
    with ThreadPoolExecutor(8) as pool, client_of(dying, key) as client:
        asked = [pool.submit(client.responses.create, model=MODEL, input="Hello") for _ in range(8)]
        eventually(lambda: open_holds(replicas.where) == 8)
        dying.kill()
        assert all(isinstance(call.exception(), APIConnectionError) for call in asked)
    expire_leases(replicas.where, "select r.owner from runs as r where r.status = 'running'")
    eventually(lambda: open_holds(replicas.where) == 0)
    ((estimated,),) = ask(replicas.where, "select count(*) from usage where estimated = 1")
    assert estimated >= 8
    replicas.first.run("doctor")
