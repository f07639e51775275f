"""Domains as they are compared, and what a list of them lets through."""

from __future__ import annotations

import pytest

from service.tools.web_search.domains import Domains, to_domain, to_domains


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("example.org", "example.org"),
        (" Example.ORG. ", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("org", "org"),
    ],
)
def test_a_domain_has_one_form(text: str, domain: str) -> None:
    assert to_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "https://example.org", "example.org/a", "example.org:443", "me@example.org"),
        *("*.example.org", "a..b", "-a.org", "a b.org", "a\\b.org", "[::1]", "%65xample.org", "x" * 300),
    ],
)
def test_what_is_no_bare_domain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a domain"):
        to_domain(text)


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("example.org", True),
        ("www.example.org", True),
        ("a.b.example.org", True),
        ("badexample.org", False),
        ("example.org.evil.example", False),
        ("ads.example.org", False),
        ("x.ads.example.org", False),
        ("other.example", False),
    ],
)
def test_a_domain_is_itself_and_what_is_under_it(host: str, admitted: bool) -> None:
    assert Domains(("example.org",), ("ads.example.org",)).admit(host) is admitted


def test_without_a_list_every_domain_is_admitted_but_those_blocked() -> None:
    assert Domains().admit("any.example")
    assert not Domains(blocked=("example",)).admit("any.example")


@pytest.mark.parametrize(
    ("inner", "outer", "both"),
    [
        (("a.example",), (), ("a.example",)),
        ((), ("a.example",), ("a.example",)),
        (("www.a.example", "b.example"), ("a.example",), ("www.a.example",)),
        (("example",), ("a.example", "b.example"), ("a.example", "b.example")),
    ],
)
def test_lists_narrow_each_other(inner, outer, both) -> None:
    found = Domains(inner).within(Domains(outer))
    assert found is not None
    assert found.allowed == both


def test_lists_with_nothing_in_common_leave_nothing() -> None:
    assert Domains(("a.example",)).within(Domains(("b.example",))) is None


def test_what_either_blocks_is_blocked() -> None:
    found = Domains(blocked=("a.example",)).within(Domains(blocked=("b.example",)))
    assert found is not None
    assert set(found.blocked) == {"a.example", "b.example"}


def test_a_domain_that_is_said_twice_counts_once() -> None:
    assert to_domains(["A.example", "a.example."]) == ("a.example",)
