"""JSON that no client should send, over every API: each body is answered once, below 500, in our
envelope where it is refused, and reading it never holds up the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.apis import APIS, Api
from tests.support.house import Key, Service
from tests.support.lag import Lag
from tests.support.wire import Answer, talk

MILLIONS = 10 * 1024 * 1024


@pytest.fixture(autouse=True)
def the_loop_turns(lag: Lag) -> Iterator[None]:
    yield
    lag.assert_short()


@pytest.fixture(params=APIS, ids=lambda api: api.name)
def api(request: pytest.FixtureRequest) -> Api:
    return request.param


def post(service: Service, key: Key, api: Api, body: bytes) -> Answer:
    """The one answer to a body."""
    head = (
        f"POST {api.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key.secret}\r\n"
        f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    talked = talk(service.port, head.encode() + body)
    assert len(talked.answers) == 1
    assert talked.rest == b""
    answer = talked.answers[0]
    assert answer.status < 500, answer.body
    assert answer.status == 200 or api.error(answer.json)["message"]
    return answer


def with_field(api: Api, field: str, raw: bytes) -> bytes:
    """A good body with one more field, whose JSON is given as it is."""
    good = json.dumps(api.body("agent_demo", "Hi")).encode()
    return b'{"%b":%b,' % (field.encode(), raw) + good[1:]


UNDECODABLE = {
    "lone continuation": b"\x80",
    "overlong": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond unicode": b"\xf4\x90\x80\x80",
    "cut short": b"\xe2\x82",
    "latin-1": b"\xe9",
    "utf-16": "é".encode("utf-16"),
}


@pytest.mark.parametrize("bad", UNDECODABLE.values(), ids=UNDECODABLE)
def test_bad_utf8_is_400_wherever_it_stands(bad, api, service, key):
    for field, raw in (
        ("model", b'"%b"'),
        ("metadata", b'{"a":"%b"}'),
        ("unknown", b'"%b"'),
        ("user", b'"%b"'),
    ):
        assert post(service, key, api, with_field(api, field, raw % bad)).status == 400, field


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_another_encoding_is_400(encoding, api, service, key):
    body = json.dumps(api.body("agent_demo", "Hi")).encode(encoding)
    assert post(service, key, api, body).status == 400


@pytest.mark.parametrize(
    "shape", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")], ids=["array", "object", "both"]
)
@pytest.mark.parametrize("depth", [900, 5_000, 200_000])
@pytest.mark.parametrize(
    "field", ["unknown", "tools", "input", "messages", "metadata", "response_format", "text"]
)
def test_deep_json_is_answered(field, depth, shape, api, service, key):
    opening, closing = shape
    post(service, key, api, with_field(api, field, opening * depth + b"1" + closing * depth))


@pytest.mark.parametrize("depth", [31, 33, 900, 100_000])
def test_deep_parameters_of_a_tool_are_answered(depth, api, service, key):
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    tool = {
        "chat": b'{"type":"function","function":{"name":"f","parameters":%b}}',
        "responses": b'{"type":"function","name":"f","parameters":%b}',
        "messages": b'{"name":"f","input_schema":%b}',
    }[api.name]
    status = post(service, key, api, with_field(api, "tools", b"[%b]" % (tool % deep))).status
    assert status == (200 if depth < 32 else 400)


TEXTS = {
    "raw NUL": b'"a\x00b"',
    "NUL": b'"a\\u0000b"',
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'"\\udc00 x"',
    "surrogates swapped": b'"\\udc00\\ud800"',
    "bad escape": b'"\\x41"',
    "half an escape": b'"\\u00"',
    "raw newline": b'"a\nb"',
    "no end": b'"a',
    "bidi and zero width": '"\u202e\u200b\ufeff"'.encode(),
    "not a character": '"\uffff\U0010ffff"'.encode(),
    "empty": b'""',
    "long": b'"%b"' % (b"a" * 100_000),
}


PLACES = [
    b'{"model":%b,"messages":[{"role":"user","content":"x"}],"input":"x"}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":%b}],"input":%b}',
    b'{"model":"agent_chat","messages":[{"role":"user","content":%b}],"input":%b}',
    b'{"model":"agent_letters","messages":[{"role":"user","content":%b}],"input":%b,"stream":true}',
    b'{"model":"agent_demo","messages":[{"role":%b,"content":"x"}],"input":[{"role":%b,"content":"x"}]}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":"x"}],"input":"x","metadata":{%b:"x"}}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":"x"}],"input":"x","metadata":{"x":%b}}',
    b'{"model":"agent_chat","messages":[{"role":"user","content":"x"}],"input":"x","user":%b}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":"x"}],"input":"x","stop":[%b]}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":"x"}],"input":"x",%b:%b}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":"x"}],"input":"x","service_tier":%b}',
    b'{"model":"agent_demo","messages":[{"role":"user","content":"x"}],"input":"x","prompt_cache_key":%b}',
]
"""Where a text may stand; `%b` is the text."""


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_odd_texts_are_answered(text, api, service, key):
    for place in PLACES:
        post(service, key, api, place.replace(b"%b", text))


NUMBERS = [
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"-0",
    b"-0.0",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"01",
    b"0.",
    b".5",
]
NUMBERS += [
    b"+1",
    b"1e",
    b"0x10",
    b"1_000",
    b"9" * 400,
    b"9" * 200_000,
    b"0." + b"1" * 200_000,
    b"1E999999999",
]
NUMBERS += [
    b"2147483648",
    b"9223372036854775808",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"5.0",
    b"true",
]


COUNTED = (
    "temperature",
    "top_p",
    "seed",
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "n",
    "x",
)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:24].decode())
def test_absurd_numbers_are_answered(number, api, service, key):
    tool = (
        b'{"type":"function","name":"f","parameters":{"x":%b},"function":{"name":"f","parameters":{"x":%b}}}'
    )
    for field in COUNTED:
        post(service, key, api, with_field(api, field, number))
    post(service, key, api, with_field(api, "tools", b"[%b]" % tool.replace(b"%b", number)))
    post(service, key, api, with_field(api, "logit_bias", b'{"1":%b}' % number))


def test_of_duplicate_keys_one_counts(api, service, key):
    twice = with_field(api, "model", b'"agent_nobody"')
    assert post(service, key, api, twice).status in (200, 404)
    many = b"{" + b'"model":"agent_demo",' * 50_000 + json.dumps(api.body("agent_demo", "Hi")).encode()[1:]
    assert post(service, key, api, many).status == 200


def repeated(piece: bytes, *, size: int = MILLIONS) -> bytes:
    """The piece, comma and all, so often that it has that size; the last without its comma."""
    return (piece * (size // len(piece))).removesuffix(b",")


PIECES = {
    "arrays": b"[],",
    "objects": b"{},",
    "numbers": b"0,",
    "nulls": b"null,",
    "strings": b'"",',
    "texts": b'"a b",',
    "parts": b'{"type":"text","text":"a"},',
    "typed": b'{"type":"x"},',
    "messages": b'{"role":"user","content":"a"},',
    "nests": b"[[[[[[[[]]]]]]]],",
}
FIELDS = ["unknown", "messages", "input", "tools", "stop", "include", "functions", "modalities"]


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("field", FIELDS)
def test_ten_megabytes_of_next_to_nothing_are_answered(field, piece, api, service, key):
    post(service, key, api, with_field(api, field, b"[%b]" % repeated(piece)))


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("field", ["unknown", "messages", "input", "tools"])
def test_as_much_as_is_just_let_through_is_answered(field, piece, api, service, key):
    """The number of values is bounded for large bodies alone: these are the largest below both bounds."""
    most = max(1024 * 1024 - 1_000, 199_000 * len(piece) // max(1, piece.count(b",")))
    post(service, key, api, with_field(api, field, b"[%b]" % repeated(piece, size=most)))


def test_a_large_body_is_no_object(api, service, key):
    assert post(service, key, api, b"[%b]" % repeated(b"[],")).status == 400


WHOLES = {
    "spaces": b" " * MILLIONS,
    "digits": b"9" * MILLIONS,
    "a string": b'"%b"' % (b"a" * MILLIONS),
    "opening brackets": b"[" * MILLIONS,
    "escapes": b'{"model":"%b"}' % (b"\\u0041" * (MILLIONS // 6)),
    "a name": b'{"%b":1}' % (b"a" * MILLIONS),
    "names": b"{%b}" % b",".join(b'"a%d":1' % number for number in range(499_000)),
    "NUL": b"\x00" * MILLIONS,
}


@pytest.mark.parametrize("body", WHOLES.values(), ids=WHOLES)
def test_large_bodies_of_nonsense_are_400(body, api, service, key):
    assert post(service, key, api, body).status == 400


@pytest.mark.parametrize(
    "field", ["metadata", "logit_bias", "prompt", "audio", "prediction", "text", "reasoning"]
)
def test_large_objects_in_small_fields_are_answered(field, api, service, key):
    pairs: Any = b",".join(b'"%d":"a"' % number for number in range(400_000))
    post(service, key, api, with_field(api, field, b"{%b}" % pairs))
