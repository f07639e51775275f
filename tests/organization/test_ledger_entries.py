"""The ledger over the API: its entries, their export, and how a response was charged."""

from __future__ import annotations

import csv
import io
import json
from itertools import count

import httpx
import pytest

from specs.money import parse_usd
from tests.organization.money import Spender, new_spender, posted
from tests.support.house import Service

numbers = count()


@pytest.fixture
def spender(admin: httpx.Client, service: Service) -> Spender:
    return new_spender(admin, service, name=f"ledger-{next(numbers)}")


def entries(admin: httpx.Client, **query: str | int) -> list[dict]:
    return admin.get("/organization/ledger/entries", params=query).json()["data"]


def settlement(spender: Spender, id: str, *, secret: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret or spender.secret}"}
    return httpx.get(f"{spender.service.base_url}/v1/responses/{id}/settlement", headers=headers)


def move_money(admin: httpx.Client, spender: Spender) -> str:
    """A charge, and one of each kind of grant; the id of the response that was charged."""
    path, id = f"/organization/accounts/{spender.account}", spender.ask().json()["id"]
    posted(admin, f"{path}/top_ups", amount="1", reason="=more")
    posted(admin, f"{path}/adjustments", amount="-0.5", reason="too much")
    posted(admin, f"{path}/refunds", response_id=id, amount="0.000000001", reason="sorry")
    return id


def test_postings_of_every_entry_sum_to_zero_and_amounts_to_the_balance(admin, spender):
    id = move_money(admin, spender)
    found = entries(admin, account_id=spender.account)
    assert sorted(entry["kind"] for entry in found) == ["adjustment", "refund", "top_up", "top_up", "usage"]
    for entry in found:
        assert sum(parse_usd(posting["amount"]) for posting in entry["postings"]) == 0
    account = admin.get(f"/organization/accounts/{spender.account}").json()
    assert sum(parse_usd(entry["amount"]) for entry in found) == parse_usd(account["available"])
    assert {entry["response_id"] for entry in found if entry["kind"] in ("usage", "refund")} == {id}


def test_a_charge_names_its_attempt_and_the_rates(admin, spender):
    spender.ask()
    (entry,) = entries(admin, account_id=spender.account, kind="usage")
    used = entry["usage"]
    assert (used["provider"], used["model"], used["step"], used["attempt"]) == ("demo", "demo-1", 0, 1)
    assert (used["agent_id"], used["api"], used["estimated"]) == ("agent_demo", "responses", False)
    assert set(used["rates"]) >= {"input", "output"}
    assert entry["actor"] == used["key_id"] == spender.key


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_each_other_without_gap_or_repetition(admin, spender, order):
    move_money(admin, spender)
    query = {"account_id": spender.account, "order": order}
    whole = entries(admin, **query)
    read: list[dict] = []
    while more := entries(admin, **query, limit=1, **({"after": read[-1]["id"]} if read else {})):
        read += more
    assert read == whole
    assert len(whole) == 5


@pytest.mark.parametrize("after", ["grant_0", "run_none/0/1", "nothing", "grant_x"])
def test_a_page_after_nothing_is_not_found(admin, after):
    assert admin.get("/organization/ledger/entries", params={"after": after}).status_code == 404


def test_entries_are_filtered(admin, spender):
    id, account = move_money(admin, spender), spender.account
    assert {entry["kind"] for entry in entries(admin, response_id=id)} == {"usage", "refund"}
    assert len(entries(admin, key_id=spender.key)) == 1
    assert len(entries(admin, project_id=spender.project)) == 5
    assert len(entries(admin, account_id=account, kind="top_up")) == 2
    assert entries(admin, account_id=account, end_time=1) == []
    assert entries(admin, account_id=account, start_time=2**33) == []


def test_an_export_has_every_entry_as_json_lines_or_csv(admin, spender):
    move_money(admin, spender)
    query = {"account_id": spender.account}
    lines = admin.get("/organization/ledger/export", params=query).text.splitlines()
    assert [json.loads(line) for line in lines] == entries(admin, **query, order="asc")
    exported = admin.get("/organization/ledger/export", params={**query, "format": "csv"})
    assert exported.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in lines]
    assert "'=more" in {row["reason"] for row in rows}, "words of people must not become formulas"
    (charge,) = [row for row in rows if row["kind"] == "usage"]
    assert json.loads(charge["rates"])["input"]


def test_a_settlement_shows_a_charge_exactly(admin, spender):
    answer = spender.ask()
    shown = settlement(spender, answer.json()["id"]).json()
    (attempt,) = shown["attempts"]
    assert shown["total"]["charged"] == answer.headers["x-dragoman-cost-usd"]
    assert attempt["tokens"]["input"] == answer.json()["usage"]["input_tokens"]
    exact = sum(parse_usd(line["amount"]) for line in attempt["lines"])
    assert exact == parse_usd(attempt["cost"])
    assert attempt["account_id"] == spender.account


def test_a_settlement_is_for_who_paid_and_for_administrators(admin, admin_key, service, spender):
    id = spender.ask().json()["id"]
    stranger = new_spender(admin, service, name=f"ledger-{next(numbers)}")
    foreign, unknown = settlement(stranger, id), settlement(stranger, "resp_none")
    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    assert settlement(spender, id, secret=admin_key.secret).status_code == 200
