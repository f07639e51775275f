"""The same request with the same key is done, and charged, once."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from service.ids import new_id
from service.secrets import BadKeyFile, Sealer, Unsealable
from tests.support.apis import Api, sse
from tests.support.house import Service, eventually
from tests.support.script import ErrorBody, Script
from tests.support.upstream import Upstream


@pytest.mark.parametrize("stream", [False, True])
def test_a_repeat_gets_the_same_bytes_and_costs_nothing(
    api: Api, stream, service: Service, upstream: Upstream
):
    key = service.key(dollars=1)
    headers = {**key.headers, "idempotency-key": new_id("idem")}
    body = {**api.body("agent_support", "Hello"), "stream": stream}
    first = httpx.post(service.base_url + api.path, headers=headers, json=body)
    settled = key.account.settled
    again = httpx.post(service.base_url + api.path, headers=headers, json=body)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(upstream.exchanges) == 1
    assert key.account.settled == settled > 0


def test_a_repeat_has_an_id_of_its_own(api: Api, http, upstream: Upstream):
    asked = {"json": api.body("agent_support", "Hello"), "headers": {"idempotency-key": "its own id"}}
    first, again = (http.post(api.path, **asked) for _ in range(2))
    for name in {"x-request-id", "request-id"} & set(first.headers):
        assert first.headers[name] != again.headers[name]
        assert len(again.headers.get_list(name)) == 1


def test_another_body_with_the_same_key_is_422(api: Api, service: Service, upstream: Upstream):
    headers = {**service.key().headers, "idempotency-key": new_id("idem")}
    httpx.post(service.base_url + api.path, headers=headers, json=api.body("agent_support", "Hello"))
    other = httpx.post(service.base_url + api.path, headers=headers, json=api.body("agent_support", "Bye"))
    assert (other.status_code, api.error(other.json())["code"]) == (422, "idempotency_key_reused")
    assert api.error(other.json())["param"] == "Idempotency-Key"


def test_a_repeat_while_the_first_runs_is_409(api: Api, service: Service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2, stall=go_on))
    headers = {**service.key().headers, "idempotency-key": new_id("idem")}
    body = api.body("agent_support", "Hello")

    def first() -> None:
        httpx.post(service.base_url + api.path, headers=headers, json=body)

    thread = threading.Thread(target=first)
    thread.start()
    eventually(lambda: bool(upstream.exchanges))
    again = httpx.post(service.base_url + api.path, headers=headers, json=body)
    upstream.let(go_on)
    thread.join()
    assert (again.status_code, again.headers["retry-after"]) == (409, "1")


def test_a_failure_before_the_upstream_answers_frees_the_key(api: Api, service: Service, upstream: Upstream):
    upstream.enqueue(Script(status=400, error=ErrorBody()))
    headers = {**service.key().headers, "idempotency-key": new_id("idem")}
    body = api.body("agent_support", "Hello")
    assert httpx.post(service.base_url + api.path, headers=headers, json=body).status_code == 400
    assert httpx.post(service.base_url + api.path, headers=headers, json=body).status_code == 200


def test_a_lost_client_finds_its_answer_with_a_retry(api: Api, service: Service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2, stall=go_on))
    key = service.key(dollars=1)
    headers = {**key.headers, "idempotency-key": new_id("idem")}
    body = {**api.body("agent_support", "Hello"), "stream": True}
    with httpx.stream("POST", service.base_url + api.path, headers=headers, json=body) as response:
        next(sse(response))
    upstream.let(go_on)
    eventually(lambda: bool(key.usage))
    with httpx.stream("POST", service.base_url + api.path, headers=headers, json=body) as response:
        events = list(sse(response))
    assert "".join(api.delta(event) for event in events) == "one two"
    assert len(upstream.exchanges) == 1
    assert not key.usage[0].usage.estimated


def test_keys_are_the_projects_own(api: Api, service: Service, upstream: Upstream):
    body, word = api.body("gpt-4-turbo", "Hello"), new_id("idem")
    for key in (service.key(), service.key(project="other")):
        headers = {**key.headers, "idempotency-key": word}
        answer = httpx.post(service.base_url + api.path, headers=headers, json=body)
        assert "idempotent-replayed" not in answer.headers


def test_where_storing_is_forbidden_a_repeat_is_refused(api: Api, service: Service, upstream: Upstream):
    headers = {**service.key(project="forbidden").headers, "idempotency-key": new_id("idem")}
    body = api.body("local/scripted-1", "Hello")
    assert httpx.post(service.base_url + api.path, headers=headers, json=body).status_code == 200
    again = httpx.post(service.base_url + api.path, headers=headers, json=body)
    assert (again.status_code, len(upstream.exchanges)) == (409, 1)


@pytest.mark.parametrize("word", ["", "x" * 256])
def test_a_key_that_cannot_be_one_is_400(api: Api, word, service: Service):
    headers = {**service.key().headers, "idempotency-key": word}
    answer = httpx.post(service.base_url + api.path, headers=headers, json=api.body("agent_support", "Hi"))
    assert (answer.status_code, api.error(answer.json())["param"]) == (400, "Idempotency-Key")


def test_answers_lie_sealed_in_the_database(api: Api, service: Service, upstream: Upstream):
    upstream.enqueue(Script(text=("canary-", "in-the-mine")))
    headers = {**service.key().headers, "idempotency-key": new_id("idem")}
    httpx.post(service.base_url + api.path, headers=headers, json=api.body("agent_support", "Hello"))
    folder = service.settings.database.parent
    stored = b"".join(file.read_bytes() for file in folder.glob("dragoman.db*"))
    if api.name == "chat":
        assert b"canary-in-the-mine" not in stored


def test_what_is_sealed_opens_only_with_its_key_in_its_place(tmp_path):
    sealer = Sealer(tmp_path / "key")
    sealed = sealer.seal(b"text", about="project/a")
    assert Sealer(tmp_path / "key").open(sealed, about="project/a") == b"text"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    for wrong in (
        lambda: sealer.open(sealed, about="project/b"),
        lambda: sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), about="project/a"),
        lambda: Sealer(tmp_path / "other").open(sealed, about="project/a"),
        lambda: sealer.open(b"", about="project/a"),
    ):
        with pytest.raises(Unsealable):
            wrong()


@pytest.mark.parametrize("content", ["", "c2hvcnQ=", "not base64!"])
def test_a_key_file_that_holds_no_key_is_told(tmp_path, content):
    (tmp_path / "key").write_text(content)
    with pytest.raises(BadKeyFile):
        Sealer(tmp_path / "key").seal(b"text", about="x")


@pytest.mark.parametrize(
    ("path", "more", "calls"),
    [
        ("/v1/responses/compact", {}, 1),
        ("/v1/responses", {"context_management": [{"type": "compaction", "compact_threshold": 1_000}]}, 2),
    ],
)
def test_a_context_is_compacted_once(path, more, calls, service: Service, upstream: Upstream):
    key = service.key(dollars=1)
    headers = {**key.headers, "idempotency-key": new_id("idem")}
    turns = [
        {"role": "user", "content": "word " * 2_000},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "So?"},
    ]
    body = {"model": "agent_support", "input": turns, **more}
    first = httpx.post(service.base_url + path, headers=headers, json=body)
    settled = key.account.settled
    again = httpx.post(service.base_url + path, headers=headers, json=body)
    assert first.json()["output"][0]["type"] == "compaction"
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert len(upstream.exchanges) == calls
    assert key.account.settled == settled > 0


def test_a_context_that_is_being_compacted_is_not_compacted_beside(service: Service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2, stall=go_on))
    key = service.key(dollars=1)
    headers = {**key.headers, "idempotency-key": new_id("idem")}
    body = {"model": "agent_support", "input": "Hello"}
    url = service.base_url + "/v1/responses/compact"
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(httpx.post(url, headers=headers, json=body)))
    thread.start()
    eventually(lambda: bool(upstream.exchanges))
    beside = httpx.post(url, headers=headers, json=body)
    upstream.let(go_on)
    thread.join()
    assert (beside.status_code, beside.headers["retry-after"]) == (409, "1")
    assert answers[0].status_code == 200
    assert httpx.post(url, headers=headers, json=body).content == answers[0].content
    assert (len(upstream.exchanges), len(key.usage)) == (1, 1)
