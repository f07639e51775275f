"""The door holds: each framework default that was changed, and the routes beside inference."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from service.http.routes import create_app
from specs.scopes import DATA_SCOPES
from tests.support.apis import Api
from tests.support.house import Key, Service
from tests.support.patience import PATIENCE


def raw(service: Service, request: bytes, *, end: bool = False) -> bytes:
    """Send bytes as they are and read until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        connection.settimeout(10)
        try:
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            pass
        return answer


def post(service: Service, api: Api, key: Key, body: bytes, content_type: str = "application/json"):
    headers = {**key.headers, "content-type": content_type}
    return httpx.post(service.base_url + api.path, headers=headers, content=body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"model": "\xff\xfe"}', "invalid_json"),
        (b"[" * 2000 + b"]" * 2000, "invalid_json"),
        (b'{"model":', "invalid_json"),
        (b"[]", "invalid_json"),
        (b"", "invalid_json"),
    ],
    ids=["utf8", "deep", "cut", "array", "empty"],
)
def test_a_malformed_body_is_400(api: Api, body, code, service, key):
    response = post(service, api, key, body)
    assert (response.status_code, api.error(response.json())["code"]) == (400, code)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_json_by_its_type_is_415(api: Api, content_type, service, key):
    assert post(service, api, key, b"{}", content_type).status_code == 415


def test_a_body_over_the_limit_is_413(api: Api, service, key):
    body = b'{"model":"' + b"x" * (33 * 1024 * 1024) + b'"}'
    response = post(service, api, key, body)
    assert (response.status_code, api.error(response.json())["code"]) == (413, "request_too_large")


def test_a_chunked_body_over_the_limit_is_413(api: Api, service, key):
    def pieces():
        for _ in range(34):
            yield b"x" * 1024 * 1024

    headers = {**key.headers, "content-type": "application/json"}
    response = httpx.post(service.base_url + api.path, headers=headers, content=pieces())
    assert (response.status_code, api.error(response.json())["code"]) == (413, "request_too_large")


def test_free_form_json_is_capped(api: Api, service, key):
    deep = {"a": 1}
    for _ in range(40):
        deep = {"a": deep}
    tool = {"name": "f", "parameters": deep}
    response = post(service, api, key, json.dumps(api.body("agent_support", "Hi", tools=(tool,))).encode())
    assert response.status_code == 400
    assert api.error(response.json())["param"].startswith("tools[0]")


@pytest.mark.parametrize("text", ["\x00", "\ud800", "😀\u200b"])
def test_odd_characters_are_no_server_error(api: Api, text, service, key, upstream):
    body = json.dumps(api.body("agent_support", text)).encode()
    assert post(service, api, key, body).status_code in (200, 400)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/models", "GET, OPTIONS"),
        ("PUT", "/v1/responses", "OPTIONS, POST"),
        ("PATCH", "/v1/responses/resp_1", "DELETE, GET, OPTIONS"),
    ],
)
def test_an_unknown_method_is_answered_with_those_that_are_known(http: httpx.Client, method, path, allowed):
    response = http.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/", 404), ("DELETE", "/v1/models", 405)],
)
def test_unknown_routes_and_methods_answer_in_the_envelope(method, path, status, service):
    response = httpx.request(method, service.base_url + path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "code", "param"}
    assert response.headers["x-request-id"]


def test_the_schema_wants_a_key(service, key):
    assert httpx.get(service.base_url + "/schema").status_code == 401
    schema = httpx.get(service.base_url + "/schema", headers=key.headers).json()
    assert schema["openapi"].startswith("3.1")


def test_health_wants_no_key(service):
    assert httpx.get(service.base_url + "/health/live").json() == {"status": "ok"}
    assert httpx.get(service.base_url + "/health/ready").json() == {"status": "ok"}


def test_browsers_get_no_cross_origin_leave_unless_configured(service):
    headers = {"origin": "https://example.com", "access-control-request-method": "POST"}
    response = httpx.options(service.base_url + "/v1/chat/completions", headers=headers)
    assert "access-control-allow-origin" not in response.headers


def test_forwarded_headers_are_not_believed(service):
    import uvicorn

    assert service.server.config.proxy_headers is False
    assert isinstance(service.server, uvicorn.Server)


def test_a_header_flood_is_431(service):
    flood = b"".join(b"x-%d: %s\r\n" % (i, b"a" * 900) for i in range(100))
    answer = raw(service, b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + flood + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
def test_not_exactly_one_host_is_400(hosts, service):
    answer = raw(service, b"GET /health/live HTTP/1.1\r\n" + hosts + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: xchunked\r\n",
    ],
)
def test_ambiguous_framing_is_refused(framing, service):
    request = (
        b"POST /v1/responses HTTP/1.1\r\nHost: x\r\n"
        + framing
        + b"\r\n0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    answer = raw(service, request)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"status":"ok"' not in answer


@pytest.mark.parametrize("request_line", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_not_http_gets_our_envelope(request_line, service):
    answer = raw(service, request_line)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'{"error":{' in answer


def test_more_than_is_served_at_once_is_503(api: Api, service, key):
    service.house.metrics.in_flight += 10**6
    try:
        response = post(service, api, key, b"{}")
    finally:
        service.house.metrics.in_flight -= 10**6
    status = api.status(503, "overloaded")
    assert (response.status_code, api.error(response.json())["code"]) == (status, "overloaded")
    assert response.headers["retry-after"] == "1"


def test_models_are_the_agents_of_this_key(http):
    listed = http.get("/v1/models").json()
    assert listed["object"] == "list"
    ids = {model["id"] for model in listed["data"]}
    assert {"agent_support", "agent_demo", "local/scripted-1"} <= ids
    assert "agent_elsewhere" not in ids
    assert all(value is not None for model in listed["data"] for value in model.values())


@pytest.mark.parametrize("name", ["agent_support", "local/scripted-1"])
def test_a_model_can_be_looked_up_even_with_a_slash(name, http):
    assert http.get(f"/v1/models/{name}").json()["id"] == name


def test_an_unknown_model_is_404(http):
    response = http.get("/v1/models/agent_x")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_the_key_tells_of_itself(http, key):
    shown = http.get("/v1/key").json()
    assert shown["id"] == key.id
    assert (shown["project"], shown["unlimited"], shown["available"]) == ("default", True, None)
    assert set(shown["scopes"]) == set(DATA_SCOPES)


def test_every_route_declares_a_scope():
    app = create_app(cors_origins=[], max_body_bytes=1)
    handlers = {handler for route in app.routes for handler in getattr(route, "route_handlers", ())}
    undeclared = [str(handler) for handler in handlers if "scope" not in handler.opt]
    assert [name for name in undeclared if "options" not in name.lower()] == []
