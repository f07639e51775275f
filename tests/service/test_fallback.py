"""An agent with several models: the next is asked where one fails before it answers."""

from __future__ import annotations

import httpx
import pytest

from tests.support.apis import Api
from tests.support.exchange import Exchange
from tests.support.script import ErrorBody, Script
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

COUNTED = Tokens(input=10, output=5)
DEAR = 10 * 4_000 + 5 * 16_000


def failing(model: str, **script: object):
    """The upstream fails for this model and answers for any other."""

    def rule(exchange: Exchange) -> Script:
        if exchange.model == model:
            return Script(**{"status": 503, "error": ErrorBody(), **script})
        return Script(text=("Hello",), usage=COUNTED)

    return rule


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_model_answers_at_its_own_rates(
    api: Api, stream: bool, http: httpx.Client, key, upstream: Upstream
):
    upstream.answer_with(failing("first"))
    response = http.post(api.path, json={**api.body("agent_fallback", "Hi"), "stream": stream})
    assert response.status_code == 200
    assert response.headers["x-dragoman-model"] == "answers/dear"
    (usage,) = key.usage
    assert (usage.provider, usage.model, usage.cost) == ("answers", "dear", DEAR)
    assert (key.account.settled, key.account.held) == (DEAR, 0)


def test_what_is_wrong_with_the_request_is_wrong_everywhere(api: Api, http: httpx.Client, upstream: Upstream):
    upstream.answer_with(failing("second", status=400))
    response = http.post(api.path, json=api.body("agent_fallback_strict", "Hi"))
    assert response.status_code == 400
    assert [exchange.model for exchange in upstream.exchanges] == ["second"]


def test_an_answer_that_has_begun_is_not_begun_anew(api: Api, http: httpx.Client, upstream: Upstream):
    upstream.answer_with(failing("second", status=200, text=("Hel", "lo"), cut_after_events=2, cut="reset"))
    http.post(api.path, json={**api.body("agent_fallback_strict", "Hi"), "stream": True})
    assert {exchange.model for exchange in upstream.exchanges} == {"second"}


def test_a_model_that_keeps_failing_is_kept_out_of_the_way(api: Api, http: httpx.Client, upstream: Upstream):
    upstream.answer_with(failing("third"))
    for _ in range(4):
        assert http.post(api.path, json=api.body("agent_fallback_broken", "Hi")).status_code == 200
    upstream.exchanges.clear()
    assert http.post(api.path, json=api.body("agent_fallback_broken", "Hi")).status_code == 200
    assert [exchange.model for exchange in upstream.exchanges] == ["dear"]
