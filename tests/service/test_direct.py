"""The routes that are served past the framework answer as the framework has them answer."""

from __future__ import annotations

import httpx
import pytest

from tests.support.apis import Api
from tests.support.house import Key, Service
from tests.support.script import Script
from tests.support.upstream import Upstream

EACH_TIME = ("x-request-id", "request-id", "date")


def both_ways(service: Service, api: Api, headers: dict[str, str], body: bytes) -> list[httpx.Response]:
    """The answers past the framework and, for a path that is not written plainly, through it."""
    urls = (service.base_url + api.path, f"{service.base_url}{api.path}/")
    return [httpx.post(url, headers=headers, content=body) for url in urls]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"authorization": "Bearer nobody's"}, b"{}"),
        ({}, b'{"model":'),
        ({}, b'{"model": "agent_nobody"}'),
        ({"content-type": "text/plain"}, b"{}"),
        ({"idempotency-key": "k" * 300}, b"{}"),
        ({"host": "not a host"}, b"{}"),
        ({"origin": "https://elsewhere.example"}, b"{}"),
    ],
    ids=["key", "json", "request", "type", "idempotency", "host", "origin"],
)
def test_a_refusal_is_the_same_both_ways(api: Api, headers, body, service, key: Key):
    sent = {**key.headers, "content-type": "application/json", **headers}
    direct, framed = both_ways(service, api, sent, body)
    assert direct.status_code == framed.status_code >= 400
    assert told(direct) == told(framed)
    assert without_id(direct.json()) == without_id(framed.json())


def test_an_answer_has_the_same_headers_both_ways(api: Api, service, key: Key, upstream: Upstream):
    upstream.enqueue(Script(text=("Hello.",)), Script(text=("Hello.",)))
    body = httpx.Request("POST", service.base_url, json=api.body("agent_support", "Hi")).content
    sent = {**key.headers, "content-type": "application/json"}
    direct, framed = both_ways(service, api, sent, body)
    assert (direct.status_code, framed.status_code) == (200, 200)
    assert set(direct.headers) == set(framed.headers)


def told(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name not in EACH_TIME}


def without_id(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if name != "request_id"}
