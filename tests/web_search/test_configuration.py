"""What is said of searches in a configuration is checked as a whole, before anything is searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import SettingsError, load
from service.tools.web_search.configured import check_search


def problems(text: str, tmp_path: Path) -> tuple[str, ...]:
    file = tmp_path / "dragoman.toml"
    file.write_text(text)
    try:
        check_search(load(file, {"SEARCH_KEY": "k"}))
    except SettingsError as error:
        return tuple(error.problems)
    return ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[web_search]\nbackend = "searxng"\nurl = "http://searx:8080"',
        '[web_search]\nbackend = "brave"\nkey = "env:SEARCH_KEY"\nprice_usd = 0.005',
        '[web_search]\nbackend = "tavily"\nkey = "env:SEARCH_KEY"\nprice_usd = 0',
        '[web_search]\nbackend = "provider"\nprice_usd = 0.01\nallowed_domains = ["Example.org"]',
        '[[agents]]\nid = "a"\nmodel = "demo/demo-1"\n[agents.web_search]\nallowed_domains = ["a.example"]',
    ],
)
def test_what_is_whole_is_taken(text: str, tmp_path: Path) -> None:
    assert problems(text, tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('backend = "searxng"', "web_search.url"),
        ('backend = "searxng"\nurl = "searx:8080"', "web_search.url"),
        ('backend = "brave"\nprice_usd = 1', "web_search.key"),
        ('backend = "tavily"\nkey = "env:SEARCH_KEY"', "web_search.price_usd"),
        ('backend = "provider"', "web_search.price_usd"),
        ('backend = "askjeeves"', "web_search.backend"),
        ('key = "in the clear"', "web_search.key"),
        ("max_results = 21", "web_search.max_results"),
        ("price_usd = -1", "web_search.price_usd"),
        ('allowed_domains = ["https://a.example"]', "web_search.allowed_domains"),
        ('[[agents]]\nid = "a"\nmodel = "demo/demo-1"\nweb_search = 3', "agents[0].web_search"),
        (
            '[[agents]]\nid = "a"\nmodel = "demo/demo-1"\n[agents.web_search]\nblocked_domains = ["*"]',
            "agents 'a': web_search.blocked_domains",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, at: str, tmp_path: Path) -> None:
    found = problems(f"[web_search]\n{text}\n", tmp_path)
    assert len(found) == 1
    assert at in found[0]
