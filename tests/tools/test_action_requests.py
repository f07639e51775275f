"""From arguments to the request: serialisation by place and style, and what does not make one."""

from __future__ import annotations

import pytest
from msgspec import Raw

from service.tools.actions.requests import BadArguments, request_of
from specs.actions import Action, Body, Operation, Parameter


def asked(arguments: str, *parameters: Parameter, body: Body | None = None, path: str = "/x"):
    operation = Operation("t", "POST", path, None, Raw(b"{}"), parameters, body)
    return request_of(Action("a", "https://a.example/v1", (operation,), frozenset()), operation, arguments)


def test_a_path_argument_cannot_leave_its_place():
    place = Parameter("id", "id", "path", "simple", False)
    assert asked('{"id":"a/b?c"}', place, path="/x/{id}").url == "https://a.example/v1/x/a%2Fb%3Fc"
    for odd in ('"."', '".."', '""'):
        with pytest.raises(BadArguments):
            asked(f'{{"id":{odd}}}', place, path="/x/{id}")


@pytest.mark.parametrize(
    ("style", "explode", "value", "query"),
    [
        ("form", True, '"a b"', "?q=a%20b"),
        ("form", True, '["a","b"]', "?q=a&q=b"),
        ("form", False, '["a","b"]', "?q=a%2Cb"),
        ("spaceDelimited", False, '["a","b"]', "?q=a%20b"),
        ("pipeDelimited", False, "[1,2]", "?q=1%7C2"),
        ("deepObject", True, '{"k":1}', "?q%5Bk%5D=1"),
        ("form", True, '{"k":"v"}', "?k=v"),
        ("form", False, '{"k":"v"}', "?q=k%2Cv"),
        ("form", True, "true", "?q=true"),
        ("form", True, "null", ""),
    ],
)
def test_a_query_argument_is_written_in_its_style(style, explode, value, query):
    found = asked(f'{{"q":{value}}}', Parameter("q", "q", "query", style, explode))
    assert found.url == f"https://a.example/v1/x{query}"


def test_headers_and_cookies_have_their_places():
    places = [
        Parameter("h", "X-H", "header", "simple", False),
        Parameter("c", "c", "cookie", "form", True),
        Parameter("d", "d", "cookie", "form", True),
    ]
    found = asked('{"h":["a","b"],"c":"1;2","d":3}', *places)
    assert found.headers["X-H"] == "a,b"
    assert found.headers["cookie"] == "c=1%3B2; d=3"


def test_a_header_cannot_be_split():
    with pytest.raises(BadArguments, match="cannot stand in a header"):
        asked('{"h":"a\\r\\nb: c"}', Parameter("h", "X-H", "header", "simple", False))


@pytest.mark.parametrize(
    ("body", "arguments", "sent"),
    [
        (Body("application/json", None, ("a", "b")), '{"a":1,"b":null}', b'{"a":1}'),
        (Body("application/json", "body"), '{"body":[1,{"x":"y"}]}', b'[1,{"x":"y"}]'),
        (Body("application/x-www-form-urlencoded", None, ("a",)), '{"a":"x y"}', b"a=x+y"),
        (Body("text/plain", "body"), '{"body":"plain"}', b"plain"),
        (Body("application/json", "body"), "{}", None),
    ],
)
def test_a_body_is_written_as_its_type(body, arguments, sent):
    found = asked(arguments, body=body)
    assert found.body == sent
    assert found.headers.get("content-type") == (None if sent is None else body.media_type)


@pytest.mark.parametrize("arguments", ["[]", "{", '{"other":1}', "[" * 3000])
def test_arguments_that_make_no_request_say_so(arguments):
    with pytest.raises(BadArguments):
        asked(arguments, Parameter("q", "q", "query", "form", True))


def test_a_missing_path_argument_is_named():
    with pytest.raises(BadArguments, match="'id' is missing"):
        asked("{}", Parameter("id", "id", "path", "simple", False), path="/{id}")
