"""Rates an operator sets at run time: they hold at once, and every word is kept."""

from __future__ import annotations

from itertools import count

import httpx
import pytest

from specs.money import parse_usd
from tests.organization.money import Spender, new_spender, posted, refused
from tests.support.house import Service

numbers = count()
MODEL = {"provider": "demo", "model": "demo-1"}


@pytest.fixture
def spender(admin: httpx.Client, service: Service) -> Spender:
    return new_spender(admin, service, name=f"rates-{next(numbers)}")


def test_a_rate_holds_from_the_next_run_on_and_can_be_taken_back(admin, spender):
    usual = spender.ask().headers["x-dragoman-cost-usd"]
    posted(admin, "/organization/rates", **MODEL, rates={"input": "0", "output": "1000"}, reason="dearer")
    answer = spender.ask()
    tokens = answer.json()["usage"]["output_tokens"]
    assert parse_usd(answer.headers["x-dragoman-cost-usd"]) == tokens * 1_000_000
    shown = admin.get("/organization/rates", params=MODEL).json()["data"]
    assert [each["rates"]["output"] for each in shown] == ["1000"]
    posted(admin, "/organization/rates", **MODEL, rates=None, reason="as before")
    assert admin.get("/organization/rates", params=MODEL).json()["data"] == []
    assert spender.ask().headers["x-dragoman-cost-usd"] == usual


def test_the_history_says_who_and_why_newest_first(admin, admin_key):
    for number in range(3):
        rates = {"input": f"{number}.5", "output": "1", "units": {"web_search": "0.01"}}
        posted(admin, "/organization/rates", provider="demo", model="other", rates=rates, reason=f"r{number}")
    query = {"provider": "demo", "model": "other", "limit": 2}
    first = admin.get("/organization/rates/history", params=query).json()
    then = admin.get("/organization/rates/history", params={**query, "after": first["last_id"]}).json()
    assert [each["reason"] for each in first["data"] + then["data"]] == ["r2", "r1", "r0"]
    assert (first["has_more"], then["has_more"]) == (True, False)
    assert {each["set_by"] for each in first["data"]} == {admin_key.id}
    assert first["data"][0]["rates"] == {"input": "2.5", "output": "1", "units": {"web_search": "0.01"}}


def test_a_rate_that_makes_no_sense_is_refused(admin):
    path, good = "/organization/rates", {"input": "1", "output": "1"}
    assert refused(admin, path, provider="nobody", model="m", rates=good, reason="x") == (400, "provider")
    assert refused(admin, path, **MODEL, rates={"input": "-1", "output": "1"}, reason="x") == (
        400,
        "rates.input",
    )
    assert refused(admin, path, **MODEL, rates={"output": "1"}, reason="x")[0] == 400
    assert refused(admin, path, **MODEL, rates=good) == (400, "reason")
