"""`truncation` over the wire, on an agent whose model has a window of 8,192 tokens."""

from __future__ import annotations

import httpx
import openai
import pytest
from openai import OpenAI

from tests.support.house import Key
from tests.support.script import Script
from tests.support.upstream import Upstream

LONG = "word " * 4_000
TURNS = [
    {"role": "developer", "content": "Speak like a pirate."},
    {"role": "user", "content": "oldest " + LONG},
    {"role": "assistant", "content": "An old answer."},
    {"role": "user", "content": "older " + LONG},
    {"role": "assistant", "content": "A newer answer."},
    {"role": "user", "content": "And now?"},
]


def texts(upstream: Upstream) -> str:
    return upstream.exchanges[-1].raw.decode()


def test_auto_leaves_out_the_oldest_exchanges_and_says_so(http: httpx.Client, upstream: Upstream):
    upstream.enqueue(Script(text=("Arr.",)))
    body = {"model": "agent_small", "input": TURNS, "truncation": "auto"}
    answer = http.post("/v1/responses", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["truncation"] == "auto"
    assert "truncation" in answer.headers["x-dragoman-warning"]
    for kept in ("Be brief.", "like a pirate", "And now?"):
        assert kept in texts(upstream)
    assert "oldest" not in texts(upstream)
    assert "An old answer." not in texts(upstream)


def test_what_fits_is_sent_whole_without_a_warning(http: httpx.Client, upstream: Upstream):
    upstream.enqueue(Script(text=("Arr.",)))
    body = {"model": "agent_small", "input": "Hello", "truncation": "auto"}
    assert "x-dragoman-warning" not in http.post("/v1/responses", json=body).headers


def test_what_was_left_out_is_still_stored(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Arr.",)))
    response = client.responses.create(model="agent_small", input=TURNS, truncation="auto")
    stored = client.responses.input_items.list(response.id, order="asc", limit=100)
    assert len(list(stored)) == len(TURNS)


@pytest.mark.parametrize("truncation", ["disabled", None])
def test_disabled_drops_nothing(truncation, client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Arr.",)))
    client.responses.create(model="agent_small", input=TURNS, truncation=truncation)
    assert "oldest" in texts(upstream)


@pytest.mark.parametrize("truncation", ["disabled", "auto"])
def test_a_last_turn_that_cannot_fit_is_refused_unpaid(truncation, client, key: Key, upstream: Upstream):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="agent_small", input="x" * 1_100_000, truncation=truncation)
    assert refused.value.code == "context_length_exceeded"
    assert upstream.exchanges == []
    assert key.account.held == key.account.settled == 0
