"""A database that fails while the service runs: no free run, no lost settlement, and no restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.durability.faults import Fault, Switch, deleted, full, locked, moved
from tests.durability.load import configuration
from tests.durability.story import AFTERWARDS, UNDER_WAY, Story, Teller
from tests.support.house import service_in_thread
from tests.support.patience import PATIENCE
from tests.support.processes import running
from tests.support.upstream import upstream_in_thread

DATABASE = "books.db"
ENVIRONMENT = {"UPSTREAM_KEY": "sk-scripted"}


def in_a_process(fault: Fault) -> Callable[[Path], Story]:
    """The story of a service in a process of its own."""

    def play(folder: Path) -> Story:
        config = folder / "dragoman.toml"
        with upstream_in_thread() as upstream:
            config.write_text(configuration(upstream.base_url))
            with running(config, environment=ENVIRONMENT) as service:
                database = folder / DATABASE
                teller = Teller(service.base_url, service.create_key(), database, upstream)
                story = asyncio.run(teller.play(fault(database, service.pid)))
            service.run("doctor")
        return story

    return play


def read_only(folder: Path) -> Story:
    """The story of a service in this process, whose connections can be switched."""
    switch = Switch()
    with (
        upstream_in_thread() as upstream,
        service_in_thread(configuration(upstream.base_url), folder, connect=switch.connect) as service,
    ):
        database = folder / DATABASE
        teller = Teller(service.base_url, service.key().secret, database, upstream)
        return asyncio.run(teller.play(switch.fault(database, 0)))


FAULTS = {
    "locked": in_a_process(locked),
    "full": in_a_process(full),
    "moved": in_a_process(moved),
    "deleted": in_a_process(deleted),
    "read_only": read_only,
}


@pytest.fixture(scope="module", params=FAULTS)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return FAULTS[request.param](tmp_path_factory.mktemp(request.param))


def test_new_requests_are_503_in_the_envelope(story: Story) -> None:
    assert [told.status for told in story.during] == [503] * 4
    for told in story.during:
        assert set(told.body["error"]) == {"message", "type", "code", "param"}
        assert told.body["error"]["code"] == "store_unavailable"


def test_no_upstream_is_called_for_them(story: Story) -> None:
    assert story.calls == len(UNDER_WAY)


def test_the_service_says_that_it_is_not_ready(story: Story) -> None:
    assert story.ready == [200, 503, 200]


def test_an_answer_that_cannot_be_settled_has_failed(story: Story) -> None:
    streamed, whole = story.under_way[:2], story.under_way[2:]
    assert [told.ended for told in streamed] == ["failed"] * 2
    assert [(told.status, told.body["error"]["code"]) for told in whole] == [(503, "store_unavailable")] * 2


def test_requests_are_served_again_when_the_database_works(story: Story) -> None:
    assert [told.status for told in story.afterwards] == [200] * 4


def test_what_could_not_be_settled_is_settled_once_and_soon(story: Story) -> None:
    assert story.settled == {number: 1 for number in (*UNDER_WAY, *AFTERWARDS)}
    assert story.made_up_seconds < PATIENCE


def test_the_books_add_up(story: Story) -> None:
    assert story.broken == []
