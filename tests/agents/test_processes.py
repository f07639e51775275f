"""Two processes on one database: what one changes, the other serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.house import eventually
from tests.support.postgres import fresh_database
from tests.support.processes import Service

SCOPES = "inference,agents.read,agents.write"


@contextmanager
def started(config: Path, environment: dict[str, str]) -> Iterator[Service]:
    """A service that is gone afterwards."""
    service = Service(config, environment=environment)
    service.start()
    try:
        yield service
    finally:
        service.kill()


@contextmanager
def environment(kind: str) -> Iterator[dict[str, str]]:
    """What makes a service use a new database of this kind."""
    if kind == "sqlite":
        yield {}
    else:
        with fresh_database() as address:
            yield {"DRAGOMAN__STORE__URL": "env:DATABASE", "DATABASE": address.reveal()}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A client of each of two services with one database and one key."""
    config: Path = tmp_path_factory.mktemp("pair") / "dragoman.toml"
    config.write_text("")
    with (
        environment(request.param) as told,
        started(config, told) as one,
        started(config, told) as two,
    ):
        headers = {"authorization": f"Bearer {one.create_key('--unlimited', '--scopes', SCOPES)}"}
        with (
            httpx.Client(base_url=one.base_url, headers=headers) as here,
            httpx.Client(base_url=two.base_url, headers=headers) as there,
        ):
            yield here, there


def made(http: httpx.Client, **fields: object) -> str:
    answer = http.post("/v1/agents", json={"model": "demo/demo-1", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def named(http: httpx.Client, model: str) -> str | None:
    """What a process calls a model it would run; None where it would not."""
    return http.get(f"/v1/models/{model}").json().get("name")


def ran(http: httpx.Client, model: str) -> int:
    return http.post("/v1/responses", json={"model": model, "input": "Hi"}).status_code


def test_an_agent_is_there_at_once(pair):
    here, there = pair
    for maker, user in ((here, there), (there, here)):
        id = made(maker, name="New", aliases=[f"alias-{user.base_url.port}"])
        assert named(user, f"alias-{user.base_url.port}") == "New"
        assert ran(user, id) == ran(user, f"{id}@1") == 200


def test_a_change_shows_soon_and_an_older_version_stays(pair):
    here, there = pair
    id = made(here, name="One")
    assert named(there, id) == "One"
    here.post(f"/v1/agents/{id}", json={"name": "Two"})
    assert there.get(f"/v1/agents/{id}").json()["name"] == "Two"
    eventually(lambda: named(there, id) == "Two")
    assert named(there, f"{id}@1") == "One"


def test_a_name_moved_to_another_agent_is_followed(pair):
    here, there = pair
    one = made(here, name="One", aliases=["wanderer"])
    assert named(there, "wanderer") == "One"
    here.post(f"/v1/agents/{one}", json={"aliases": []})
    made(here, name="Two", aliases=["wanderer"])
    eventually(lambda: named(there, "wanderer") == "Two")


def test_what_is_shared_no_more_or_deleted_is_gone_soon(pair):
    here, there = pair
    id = made(here)
    assert ran(there, id) == 200
    here.delete(f"/v1/agents/{id}")
    assert there.get(f"/v1/agents/{id}").status_code == 404
    eventually(lambda: ran(there, id) == 404)
    assert ran(there, f"{id}@1") == 404
