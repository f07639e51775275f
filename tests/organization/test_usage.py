"""Usage and costs over time, judged by the official SDK."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from specs.money import parse_usd
from tests.organization.money import Spender, new_spender
from tests.support.house import Service

numbers = count()
DAY = 86_400


@pytest.fixture
def spender(admin: httpx.Client, service: Service) -> Spender:
    """A key that has asked twice on one day."""
    while True:
        made, day = new_spender(admin, service, name=f"usage-{next(numbers)}"), int(time.time()) // DAY
        for _ in range(2):
            assert made.ask().status_code == 200
        if int(time.time()) // DAY == day:
            return made


def charged(admin: httpx.Client, spender: Spender) -> int:
    return parse_usd(admin.get(f"/organization/accounts/{spender.account}").json()["settled"])


def results(page: Any) -> list[Any]:
    """What all buckets hold: the SDK types them as results of any report."""
    return [result for bucket in page.data for result in bucket.results]


def test_usage_is_told_by_groups(client: OpenAI, spender: Spender):
    usage = client.admin.organization.usage.completions(
        start_time=int(time.time()) - 3_600,
        bucket_width="1d",
        group_by=["project_id", "api_key_id", "model", "batch"],
        project_ids=[spender.project],
    )
    assert (usage.object, usage.has_more, usage.next_page) == ("page", False, None)
    (result,) = results(usage)
    assert result.object == "organization.usage.completions.result"
    assert (result.num_model_requests, result.project_id) == (2, spender.project)
    assert (result.api_key_id, result.model, result.batch) == (spender.key, "demo/demo-1", False)
    assert result.input_tokens > 0
    assert result.output_tokens > 0
    assert result.user_id is None


@pytest.mark.parametrize(
    "filters",
    [{"api_key_ids": ["key_none"]}, {"models": ["demo/other"]}, {"user_ids": ["user_none"]}, {"batch": True}],
    ids=str,
)
def test_a_filter_leaves_out_what_does_not_fit(client: OpenAI, spender: Spender, filters: dict):
    start = int(time.time()) - 3_600
    usage = client.admin.organization.usage.completions(start_time=start, **filters)
    assert [bucket.results for bucket in usage.data] == [[]] * len(usage.data)


def test_a_filter_by_key_adds_up_what_is_not_grouped(client: OpenAI, spender: Spender):
    start = int(time.time()) - 3_600
    usage = client.admin.organization.usage.completions(start_time=start, api_key_ids=[spender.key])
    (result,) = results(usage)
    assert (result.num_model_requests, result.api_key_id) == (2, None)


@pytest.mark.parametrize(("width", "seconds"), [("1m", 60), ("1h", 3_600), ("1d", DAY)])
def test_buckets_come_in_pages_that_meet(client: OpenAI, spender: Spender, width, seconds):
    end = int(time.time()) + 1
    query = {"start_time": end - 4 * seconds, "end_time": end, "bucket_width": width, "limit": 2}
    pages = [client.admin.organization.usage.completions(**query)]
    while pages[-1].next_page:
        pages.append(client.admin.organization.usage.completions(**query, page=pages[-1].next_page))
    buckets = [bucket for page in pages for bucket in page.data]
    assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
    starts = [bucket.start_time for bucket in buckets]
    assert starts == list(range(starts[0], end, seconds))
    assert all(bucket.end_time == bucket.start_time + seconds for bucket in buckets)
    assert sum(result.num_model_requests for page in pages for result in results(page)) >= 2


def test_costs_are_what_was_charged(client: OpenAI, admin, spender: Spender):
    costs = client.admin.organization.usage.costs(
        start_time=int(time.time()) - 3_600,
        group_by=["project_id", "line_item", "api_key_id"],
        project_ids=[spender.project],
    )
    (result,) = results(costs)
    assert result.object == "organization.costs.result"
    assert (result.project_id, result.line_item) == (spender.project, "demo/demo-1")
    assert (result.api_key_id, result.quantity_unit) == (spender.key, "tokens")
    assert result.amount is not None
    assert result.amount.currency == "usd"
    assert round((result.amount.value or 0) * 10**9) == charged(admin, spender)


def test_what_is_not_recorded_is_refused_by_name(admin):
    def refused(path: str, **query: object) -> str:
        response = admin.get(f"/organization/{path}", params=query)
        assert response.status_code == 400
        return response.json()["error"]["param"]

    assert refused("usage/completions") == "start_time"
    assert refused("usage/completions", start_time=0, **{"group_by[]": "service_tier"}) == "group_by"
    assert refused("usage/completions", start_time=0, limit=32) == "limit"
    assert refused("usage/completions", start_time=0, page="3") == "page"
    assert refused("usage/completions", start_time=0, bucket_width="2d") == "bucket_width"
    assert refused("costs", start_time=0, bucket_width="1h") == "bucket_width"
    assert refused("costs", start_time=0, limit=181) == "limit"


def test_another_key_than_an_administrators_is_refused(service: Service, spender: Spender):
    url = f"{service.base_url}/v1"
    client = OpenAI(base_url=url, api_key="none", admin_api_key=spender.secret, max_retries=0)
    with client, pytest.raises(openai.PermissionDeniedError):
        client.admin.organization.usage.costs(start_time=0)
