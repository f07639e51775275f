"""The checks of the acceptance suite that are about WebSockets, under their own names."""

from __future__ import annotations

import pytest

from tests.support.house import Key, Service
from tests.support.script import Script
from tests.support.sockets import talk
from tests.support.upstream import Upstream


def test_websocket_response(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        client.send("Hello!", store=False)
        frames = client.turn()
    assert frames[0]["type"] == "response.created"
    assert frames[-1]["type"] == "response.completed"
    assert [frame["sequence_number"] for frame in frames] == list(range(len(frames)))
    assert frames[-1]["response"]["output"][0]["content"][0]["text"]


def test_websocket_sequential_responses(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        client.send("one")
        client.send("two")
        first, second = client.turn(), client.turn()
    assert first[-1]["type"] == second[-1]["type"] == "response.completed"
    assert {frame["response"]["id"] for frame in first if "response" in frame} == {
        first[-1]["response"]["id"]
    }
    assert first[-1]["response"]["id"] != second[-1]["response"]["id"]
    assert second[0]["sequence_number"] == 0


@pytest.mark.parametrize("store", [True, False])
def test_websocket_continuation(store: bool, service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        first = client.ask("My name is Ada.", store=store)
        second = client.ask(
            "What is my name?", store=store, previous_response_id=first["response"]["id"], model=None
        )
        third = client.ask("Sure?", store=store, previous_response_id=second["response"]["id"])
    assert second["response"]["previous_response_id"] == first["response"]["id"]
    assert third["type"] == "response.completed"
    seen = str(upstream.exchanges[-1].body["input"])
    assert seen.index("Ada") < seen.index("What is my name") < seen.index("Sure?")


def test_websocket_reconnect_store_false_recovery(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        first = client.ask("My name is Ada.", store=False)
    with talk(service, key) as client:
        lost = client.ask("And?", store=False, previous_response_id=first["response"]["id"])
        whole = client.ask("My name is Ada. And?", store=False, previous_response_id=None)
    assert lost["error"]["code"] == "previous_response_not_found"
    assert whole["type"] == "response.completed"


def test_websocket_previous_response_not_found(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        frame = client.ask("And?", previous_response_id="resp_0000")
        after = client.ask("Hello!")
    assert frame["type"] == "error"
    assert frame["status"] == 400
    assert frame["error"]["code"] == "previous_response_not_found"
    assert frame["error"]["param"] == "previous_response_id"
    assert after["type"] == "response.completed"
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("failing", ["invalid", "upstream"])
def test_websocket_failed_continuation_evicts_cache(
    failing: str, service: Service, key: Key, upstream: Upstream
) -> None:
    with talk(service, key) as client:
        first = client.ask("Hello!", store=False)["response"]["id"]
        if failing == "upstream":
            upstream.enqueue(*[Script(status=400)] * 2)
            failed = client.ask("And?", store=False, previous_response_id=first)
        else:
            failed = client.ask("And?", store=False, previous_response_id=first, temperature=99)
        again = client.ask("And?", store=False, previous_response_id=first)
    assert failed["type"] in ("error", "response.failed")
    assert again["error"]["code"] == "previous_response_not_found"


def test_websocket_compact_new_chain(service: Service, key: Key, upstream: Upstream) -> None:
    import httpx

    with talk(service, key) as client:
        first = client.ask("My name is Ada.", store=True)
        compacted = httpx.post(
            service.base_url + "/v1/responses/compact",
            headers=key.headers,
            json={"model": "agent_answers", "previous_response_id": first["response"]["id"]},
        ).json()
        fresh = [*compacted["output"], {"role": "user", "content": "Go on."}]
        after = client.ask("", input=fresh, store=False)
    assert after["type"] == "response.completed"
