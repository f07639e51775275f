"""Save first, then tell: what a run's end waits for, and what becomes of it when the save fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from service.engine.compact import Compactions
from service.engine.state import Remembered, State
from service.secrets import Sealer
from service.store.database import Database
from specs.errors import InvalidRequest, PreviousResponseNotFound, StoreUnavailable
from specs.events import RunCreated, RunEnded
from specs.items import FunctionCall, Message, Text
from specs.requests import RunRequest
from specs.state import ResultPlace, StateAsk
from specs.usage import Usage
from tests.state.test_responses import AGENT
from tests.support.house import Service
from tests.support.script import Script
from tests.support.upstream import Upstream

USER = Message("m1", "user", (Text("Q"),))
SAID = Message("m2", "assistant", (Text("A"),))


class Full:
    """Responses on a disk that is full."""

    def __init__(self, responses) -> None:
        self._responses = responses

    def keep(self, order) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(StoreUnavailable())
        return future

    def __getattr__(self, name: str):
        return getattr(self._responses, name)


@pytest.fixture
def full(service: Service):
    """The service, unable to keep anything."""
    state = service.house.state
    kept, state.responses = state.responses, Full(state.responses)
    yield
    state.responses = kept


def test_a_whole_answer_that_cannot_be_kept_is_an_error(full, client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",)))
    with pytest.raises(openai.InternalServerError) as failed:
        client.responses.create(model=AGENT, input="Hello")
    assert (failed.value.status_code, failed.value.code) == (503, "store_unavailable")


def test_a_stream_that_cannot_be_kept_ends_failed(full, client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",)))
    events = list(client.responses.create(model=AGENT, input="Hello", stream=True))
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.code == "store_unavailable"
    assert [event.type for event in events].count("response.completed") == 0


def test_what_is_not_kept_does_not_fail_for_it(full, client: OpenAI, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",)), Script(text=("Hi",)))
    assert client.responses.create(model=AGENT, input="Hello", store=False).status == "completed"
    chat = {"model": AGENT, "messages": [{"role": "user", "content": "Hello"}]}
    assert http.post("/v1/chat/completions", json=chat).status_code == 200


def test_a_run_refused_for_its_balance_is_not_kept(service: Service, upstream: Upstream):
    key = service.key(nano=1)
    answer = httpx.post(
        f"{service.base_url}/v1/responses", headers=key.headers, json={"model": AGENT, "input": "x"}
    )
    assert answer.status_code == 429

    async def kept(database: Database) -> int:
        found = await database.responses._reader.row(
            "select count(*) from responses where key = ?", (key.id,)
        )
        return found[0]

    assert service.operate(kept) == 0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "state.db") as database:
        yield database


@pytest.fixture
def state(database: Database, tmp_path: Path) -> State:
    return State(
        items=database.items,
        responses=database.responses,
        conversations=database.conversations,
        compactions=Compactions(Sealer(tmp_path / "key")),
    )


def request(*items, agent: str = "a") -> RunRequest:
    return RunRequest(agent, items)


async def keep(state: State, ask: StateAsk, *output) -> str:
    """Keep one turn; gives its response's id."""
    prepared = await state.prepare(request(USER), ask, project="p")
    keeper = state.keeper(prepared, key="k", echo="{}")
    assert keeper is not None
    created = RunCreated(prepared.run, state.now(), "a", 1, prepared.request)
    await keeper.keep(created, RunEnded("completed", Usage(), completed_at=state.now()), output)
    return prepared.run.replace("run_", "resp_")


@pytest.mark.anyio
async def test_a_kept_turn_is_gone_on_from(state: State):
    id = await keep(state, StateAsk(store=True), SAID)
    prepared = await state.prepare(request(USER, agent=""), StateAsk(previous=id), project="p")
    assert prepared.request == request(USER, SAID, USER)
    with pytest.raises(PreviousResponseNotFound):
        await state.prepare(request(USER), StateAsk(previous=id), project="other")


@pytest.mark.anyio
async def test_a_turn_in_memory_is_gone_on_from_and_taken_in(state: State):
    memory = {"resp_m": Remembered("a", (USER, SAID))}
    ask = StateAsk(previous="resp_m", store=True)
    prepared = await state.prepare(request(USER, agent=""), ask, project="p", remembered=memory)
    assert prepared.request == request(USER, SAID, USER)
    keeper = state.keeper(prepared, key="k", echo="{}")
    assert keeper is not None
    created = RunCreated(prepared.run, state.now(), "a", 1, prepared.request)
    await keeper.keep(created, RunEnded("completed", Usage(), completed_at=state.now()), (SAID,))
    id = prepared.run.replace("run_", "resp_")
    assert await state.responses.context("p", id) == (USER, SAID, USER, SAID)


@pytest.mark.anyio
async def test_a_call_that_was_cut_off_is_not_shown_to_the_model(state: State):
    cut = FunctionCall("f1", "c1", "weather", '{"ci', status="incomplete")
    id = await keep(state, StateAsk(store=True), cut)
    prepared = await state.prepare(request(USER), StateAsk(previous=id), project="p")
    assert prepared.request == request(USER, USER)
    place = (ResultPlace("c1", "input[0].call_id"),)
    with pytest.raises(InvalidRequest):
        await state.prepare(request(USER), StateAsk(previous=id, results=place), project="p")


@pytest.mark.anyio
async def test_a_large_context_is_read_whole(state: State):
    large = Message("m3", "user", (Text("x" * 2_000_000),))
    id = await keep(state, StateAsk(store=True), large)
    assert await state.responses.context("p", id) == (USER, large)


@pytest.mark.anyio
async def test_what_is_kept_of_a_run_is_enqueued_when_keep_returns(database: Database, state: State):
    """So it goes into one commit with the settlements enqueued before."""
    prepared = await state.prepare(request(USER), StateAsk(store=True), project="p")
    keeper = state.keeper(prepared, key="k", echo="{}")
    assert keeper is not None
    created = RunCreated(prepared.run, 0, "a", 1, prepared.request)
    keeper.keep(created, RunEnded("completed", Usage(), completed_at=state.now()), (SAID,))
    await database.writer.submit(lambda connection: None)
    assert await state.responses.context("p", prepared.run.replace("run_", "resp_")) == (USER, SAID)
