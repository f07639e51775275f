"""Accounts over the API: opened, bounded, refilled, paid into and back, shared."""

from __future__ import annotations

import time
from itertools import count

import httpx
import pytest

from tests.organization.money import Spender, new_spender, posted, refused
from tests.support.house import Service, eventually

numbers = count()


@pytest.fixture
def spender(admin: httpx.Client, service: Service) -> Spender:
    return new_spender(admin, service, name=f"accounts-{next(numbers)}")


def account(admin: httpx.Client, id: str) -> dict:
    return admin.get(f"/organization/accounts/{id}").json()


def test_an_account_is_opened_as_it_is_wished(admin, spender):
    made = posted(
        admin,
        "/organization/accounts",
        project_id=spender.project,
        name="shared",
        balance="2.50",
        credit_limit="10",
        spend_limits={"day": "1", "month": None},
        low_balance="0.25",
        refill={"amount": "5", "every": 1, "unit": "month"},
    )
    assert (made["granted"], made["available"], made["credit_limit"]) == ("2.50", "12.50", "10.00")
    assert made["spend_limits"]["day"]["spent"] == "0.00"
    assert made["spend_limits"]["month"] is None
    assert made["refill"]["next_at"] > time.time() + 27 * 86_400
    assert account(admin, made["id"]) == made
    found = admin.get("/organization/accounts", params={"project_id": spender.project}).json()
    assert {each["id"] for each in found["data"]} == {spender.account, made["id"]}


def test_accounts_are_listed_in_pages(admin, spender):
    posted(admin, "/organization/accounts", project_id=spender.project)
    query = {"project_id": spender.project, "limit": 1}
    first = admin.get("/organization/accounts", params=query).json()
    then = admin.get("/organization/accounts", params={**query, "after": first["last_id"]}).json()
    assert (first["has_more"], then["has_more"]) == (True, False)
    assert first["data"] != then["data"]


def test_money_enters_and_is_corrected_with_a_reason(admin, spender):
    path = f"/organization/accounts/{spender.account}"
    assert posted(admin, f"{path}/top_ups", amount="4")["granted"] == "5.00"
    assert posted(admin, f"{path}/adjustments", amount="-0.5", reason="typo")["granted"] == "4.50"
    assert refused(admin, f"{path}/adjustments", amount="-9", reason="typo") == (400, "amount")
    assert refused(admin, f"{path}/adjustments", amount="-1") == (400, "reason")
    assert refused(admin, f"{path}/top_ups", amount="0") == (400, "amount")


def test_a_charge_is_given_back_once(admin, spender):
    answer = spender.ask()
    path, id = f"/organization/accounts/{spender.account}", answer.json()["id"]
    assert account(admin, spender.account)["available"] != "1.00"
    after = posted(admin, f"{path}/refunds", response_id=id, reason="wrong answer")
    assert after["available"] == "1.00"
    assert refused(admin, f"{path}/refunds", response_id=id, reason="again") == (400, "amount")


def test_keys_share_an_account(admin, service, spender):
    other = new_spender(admin, service, name=f"accounts-{next(numbers)}")
    shared = posted(admin, "/organization/accounts", project_id=spender.project, balance="3")
    path = f"/organization/accounts/{shared['id']}/keys"
    assert [key["id"] for key in posted(admin, path, key_id=spender.key)["data"]] == [spender.key]
    assert admin.get(path).json()["data"][0]["id"] == spender.key
    assert spender.ask().status_code == 200
    assert account(admin, spender.account)["settled"] == "0.00"
    assert account(admin, shared["id"])["settled"] != "0.00"
    assert admin.post(path, json={"key_id": other.key}).status_code == 404


def test_a_spend_limit_refuses_and_says_when_it_ends(admin, spender):
    posted(admin, f"/organization/accounts/{spender.account}", spend_limits={"day": "0.0000001"})
    response = spender.ask()
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (429, "spend_limit_reached")
    assert "A new day begins at " in error["message"]
    assert response.headers["x-should-retry"] == "false"
    posted(admin, f"/organization/accounts/{spender.account}", spend_limits={"day": None})
    assert spender.ask().status_code == 200


def test_an_account_on_credit_pays_later(admin, spender):
    path = f"/organization/accounts/{spender.account}"
    posted(admin, f"{path}/adjustments", amount="-1", reason="empty it")
    assert spender.ask().json()["error"]["code"] == "insufficient_quota"
    posted(admin, path, credit_limit="1")
    assert spender.ask().status_code == 200
    assert refused(admin, path, credit_limit="0") == (400, "credit_limit")


def test_an_account_without_a_limit_has_no_credit_but_may_have_spend_limits(admin, spender):
    path = f"/organization/accounts/{spender.account}"
    assert refused(admin, path, unlimited=True, credit_limit="1") == (400, "credit_limit")
    shown = posted(admin, path, unlimited=True, spend_limits={"month": "0.0000001"})
    assert (shown["unlimited"], shown["available"], shown["credit_limit"]) == (True, None, "0.00")
    assert refused(admin, path, credit_limit="1") == (400, "credit_limit")
    assert spender.ask().json()["error"]["code"] == "spend_limit_reached"
    posted(admin, path, spend_limits={"month": None})
    assert "x-dragoman-balance-usd" not in spender.ask().headers
    assert posted(admin, path, unlimited=False)["available"] != "1.00"


def test_a_refill_comes_before_a_refusal(admin, spender):
    path = f"/organization/accounts/{spender.account}"
    posted(admin, f"{path}/adjustments", amount="-1", reason="empty it")
    posted(admin, path, refill={"amount": "1", "every": 1, "unit": "second"})
    eventually(lambda: spender.ask().status_code == 200)
    assert posted(admin, path, refill=None)["refill"] is None


def test_a_whole_answer_tells_what_it_cost_and_what_is_left(admin, spender):
    headers = spender.ask().headers
    assert float(headers["x-dragoman-cost-usd"]) > 0
    assert headers["x-dragoman-balance-usd"] == account(admin, spender.account)["available"]
    assert "x-dragoman-balance-low" not in headers


def test_a_low_balance_is_told_in_a_header_and_in_the_audit_log(admin, spender):
    posted(admin, f"/organization/accounts/{spender.account}", low_balance="1")
    assert spender.ask().headers["x-dragoman-balance-low"] == "true"

    def told() -> bool:
        query = {"resource_ids[]": spender.account, "limit": 100}
        found = admin.get("/organization/audit_logs", params=query).json()["data"]
        return [each["type"] for each in found].count("account.low") == 1

    eventually(told)
    assert account(admin, spender.account)["low_since"] is not None


def test_an_unknown_account_is_not_found(admin):
    for path in ("", "/keys"):
        assert admin.get(f"/organization/accounts/acct_none{path}").status_code == 404
    assert admin.post("/organization/accounts/acct_none/top_ups", json={"amount": "1"}).status_code == 404
