"""What a WebSocket takes and refuses, and how a connection ends."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI
from websockets.exceptions import ConnectionClosed, InvalidStatus

from service.store.keys import RECALL_SECONDS
from tests.service.conftest import configuration
from tests.support.house import Key, Service, eventually, service_in_thread
from tests.support.lag import watched
from tests.support.patience import PATIENCE
from tests.support.script import Script
from tests.support.sockets import talk
from tests.support.upstream import Upstream

SLOW = Script(text=("word ",) * 400, pace=0.05)


@pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning")
def test_the_official_client_gets_its_events(client: OpenAI, upstream: Upstream) -> None:
    with client.responses.connect() as connection:
        connection.response.create(model="agent_answers", input="Hello!", store=False)
        kinds = []
        for event in connection:
            kinds.append(event.type)
            if event.type == "response.completed":
                break
    assert kinds[0] == "response.created"


def test_the_second_path_has_it_too(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key, "/api/agents/v1/responses") as client:
        assert client.ask("Hello!")["type"] == "response.completed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream", False),
        ("stream_options", {"include_obfuscation": True}),
        ("background", True),
        ("stream_id", "lane"),
        ("temperature", 99),
        ("type", "response.steer"),
    ],
)
def test_what_is_refused_names_its_field(
    field: str, value: Any, service: Service, key: Key, upstream: Upstream
) -> None:
    with talk(service, key) as client:
        frame = client.ask("Hello!", **{field: value})
        after = client.ask("Hello!", stream=True, background=False)
    assert (frame["type"], frame["status"], frame["error"]["param"]) == ("error", 400, field)
    assert after["type"] == "response.completed"


@pytest.mark.parametrize(
    "message", [b"\x00\x01", "[]", "{", '"x"', "{}", "null", '{"model": "agent_answers"}']
)
def test_what_is_no_message_is_an_error_and_the_socket_stays_open(
    message: str | bytes, service: Service, key: Key, upstream: Upstream
) -> None:
    with talk(service, key) as client:
        client.connection.send(message)
        assert client.turn()[-1]["status"] == 400
        assert client.ask("Hello!")["type"] == "response.completed"


def test_a_warm_up_is_empty_free_and_gone_on_from(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        client.send("My name is Ada.", generate=False, store=False)
        warm = client.turn()
        assert upstream.exchanges == []
        client.ask("And?", store=False, previous_response_id=warm[-1]["response"]["id"])
    assert [frame["type"] for frame in warm] == [
        "response.created",
        "response.in_progress",
        "response.completed",
    ]
    assert warm[-1]["response"]["output"] == []
    assert "Ada" in str(upstream.exchanges[0].body["input"])


def test_only_the_most_recent_response_is_remembered(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        first = client.ask("one", store=False)["response"]["id"]
        client.ask("two", store=False)
        lost = client.ask("three", store=False, previous_response_id=first)
    assert lost["error"]["code"] == "previous_response_not_found"


def test_a_stored_continuation_of_what_was_only_remembered_stands_alone(
    service: Service, key: Key, upstream: Upstream, http: httpx.Client
) -> None:
    with talk(service, key) as client:
        first = client.ask("My name is Ada.", store=False)["response"]["id"]
        second = client.ask("And?", store=True, previous_response_id=first)["response"]["id"]
    with talk(service, key) as client:
        third = client.ask("Go on.", previous_response_id=second)
    assert third["type"] == "response.completed"
    assert "Ada" in str(upstream.exchanges[-1].body["input"])
    assert http.get(f"/v1/responses/{first}").status_code == 404


def test_every_turn_is_accounted_for(service: Service, key: Key, upstream: Upstream) -> None:
    with talk(service, key) as client:
        client.ask("one")
        client.ask("two", store=False)
    assert len(key.usage) == 2


def test_without_a_key_there_is_no_handshake(service: Service, key: Key) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(service, key, authorization="Bearer sk-none"):
        pass
    assert refused.value.response.status_code == 401
    body = json.loads(refused.value.response.body or b"")
    assert body["error"]["code"] == "invalid_api_key"
    assert refused.value.response.headers["x-request-id"].startswith("req_")


def test_the_key_needs_the_scope(service: Service) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(service, service.key(scopes=("files",))):
        pass
    assert refused.value.response.status_code == 403


def test_elsewhere_there_is_no_socket(service: Service, key: Key) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(service, key, "/v1/nowhere"):
        pass
    assert refused.value.response.status_code == 404


def test_a_get_without_a_handshake_is_refused_in_our_envelope(http: httpx.Client) -> None:
    refused = http.get("/v1/responses")
    assert refused.status_code == 405
    assert refused.json()["error"]["code"] == "method_not_allowed"


def test_a_revoked_key_ends_the_connection(service: Service, upstream: Upstream) -> None:
    key = service.key()
    with talk(service, key) as client:
        client.ask("one")
        key.revoke()
        time.sleep(RECALL_SECONDS)
        assert client.ask("two")["status"] == 401
        with pytest.raises(ConnectionClosed) as closed:
            client.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_who_leaves_ends_the_running_turn(service: Service, key: Key, upstream: Upstream) -> None:
    upstream.enqueue(SLOW)
    with talk(service, key) as client:
        client.send("Hello!")
        client.receive()
        eventually(lambda: bool(upstream.exchanges))
    eventually(lambda: not service.house.runs.active)
    eventually(lambda: not service.house.sockets)
    assert len(key.usage) == 1


def test_too_many_waiting_messages_are_refused_in_their_turn(
    service: Service, key: Key, upstream: Upstream
) -> None:
    with talk(service, key) as client:
        for _ in range(19):
            client.send("Hello!", generate=False)
        ends = [client.turn()[-1]["type"] for _ in range(19)]
    assert ends.count("response.completed") >= 16


def test_connections_are_few_and_their_messages_small(upstream: Upstream, tmp_path: Path) -> None:
    limits = "\n[websocket]\nmax_per_key = 2\nmax_message_bytes = 4096\n"
    with service_in_thread(configuration(upstream.base_url) + limits, tmp_path) as service:
        key = service.key()
        with talk(service, key) as client, talk(service, key):
            with pytest.raises(InvalidStatus) as refused, talk(service, key):
                pass
            assert refused.value.response.status_code == 429
            client.connection.send(" " * 5000)
            with pytest.raises(ConnectionClosed) as closed:
                client.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_connections_are_short(upstream: Upstream, tmp_path: Path) -> None:
    limit = "\n[websocket]\nmax_seconds = 0.2\n"
    with (
        service_in_thread(configuration(upstream.base_url) + limit, tmp_path) as service,
        talk(service, service.key()) as client,
    ):
        assert client.receive()["error"]["code"] == "websocket_connection_limit_reached"
        with pytest.raises(ConnectionClosed):
            client.receive()


def test_only_so_many_messages_may_wait(upstream: Upstream, tmp_path: Path) -> None:
    text = configuration(upstream.base_url) + "\n[websocket]\nmax_queued = 2\n"
    all_sent = asyncio.Event()
    upstream.enqueue(Script(stall_after_events=0, stall=all_sent))
    with service_in_thread(text, tmp_path) as service, talk(service, service.key()) as client:
        client.send("Hello!")
        eventually(lambda: bool(upstream.exchanges))
        for _ in range(4):
            client.send("Hello!")
        assert client.connection.ping().wait(PATIENCE)
        upstream.let(all_sent)
        ends = [client.turn()[-1] for _ in range(5)]
    assert [end.get("status") for end in ends] == [None, None, None, 429, 429]


def test_a_stop_ends_the_turn_and_then_the_connection(upstream: Upstream, tmp_path: Path) -> None:
    text = configuration(upstream.base_url) + "\n[server]\ndrain_seconds = 0.2\n"
    upstream.enqueue(SLOW)
    with service_in_thread(text, tmp_path) as service:
        idler, worker = service.key(), service.key()
        with talk(service, idler) as idle, talk(service, worker) as busy:
            busy.send("Hello!")
            busy.receive()
            service.server.should_exit = True
            assert busy.turn()[-1]["type"] == "response.failed"
            for client in (idle, busy):
                with pytest.raises(ConnectionClosed) as closed:
                    client.receive()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1012


def test_five_hundred_idle_connections_cost_little(service: Service, http: httpx.Client) -> None:
    keys = [service.key() for _ in range(5)]
    raw = [_opened(service, key) for key in keys for _ in range(100)]
    try:
        eventually(lambda: service.house.sockets.total() == 500)
        with watched(service) as lag:
            assert http.get("/v1/models").status_code == 200
            lag.assert_short()
    finally:
        for each in raw:
            each.close()
    eventually(lambda: not service.house.sockets)


def _opened(service: Service, key: Key) -> sockets.socket:
    connection = sockets.create_connection(("127.0.0.1", service.port))
    lines = [
        "GET /v1/responses HTTP/1.1",
        "Host: x",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Authorization: {key.headers['authorization']}",
    ]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection
