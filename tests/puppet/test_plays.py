"""A model that does whatever anybody tells it: what its caller and its agent both may, and nothing more."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.puppet.plays import PLAYS, Play
from tests.puppet.stage import Stage
from tests.support.apis import Api, Responses, sse


def on(play: Play, stage: Stage) -> Play:
    """The play with the canary's port in it, its pages laid."""

    def known(text: str) -> str:
        return text.replace("{canary}", str(stage.listener.port))

    stage.pages.laid |= {"/notes/plot": known(play.note) or "seen", **play.pages}
    return structs.replace(play, note=known(play.note), reached=tuple(map(known, play.reached)))


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.name)
def test_nothing_comes_of_it_but_what_may(play: Play, api: Api, stage: Stage):
    play = on(play, stage)
    response = stage.ask(api, play.agent, play.user)
    assert response.status_code == 200, response.text
    assert_reached(play, stage)
    assert play.says in api.text(response.json())
    if play.told:
        assert any(play.told in told for told in stage.told()), stage.told()
    stage.check(response.text)


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.name)
def test_a_stream_ends_as_it_should(play: Play, stage: Stage):
    play = on(play, stage)
    response = stage.ask(Responses(), play.agent, play.user, stream=True)
    last = list(sse(response))[-1]["response"]
    why = last["incomplete_details"]
    assert (why["reason"].removeprefix("dragoman:") if why else last["status"]) == play.ends
    assert_reached(play, stage)
    stage.check(response.text)


def assert_reached(play: Play, stage: Stage) -> None:
    if play.ends == "budget_exhausted":
        assert 0 < len(stage.visits) < 25
    else:
        assert stage.places == sorted(play.reached)
