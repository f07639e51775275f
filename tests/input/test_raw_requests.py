"""Requests that no HTTP library would send. Each is answered once, with a 4xx in our envelope, or its
connection is closed; the loop goes on turning and the next caller is served."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.house import Key, Service, service_in_thread
from tests.support.lag import Lag
from tests.support.wire import Talk, talk

JSON = b'{"model":"agent_demo","messages":[{"role":"user","content":"Hi"}]}'
REQUEST_SECONDS = 1.0
"""How long a request to the hasty service may take to arrive."""
CHUNKED_JSON = b"%x\r\n%b\r\n0\r\n\r\n" % (len(JSON), JSON)


@pytest.fixture(autouse=True)
def the_loop_turns_and_the_next_is_served(service: Service, lag: Lag) -> Iterator[None]:
    yield
    lag.assert_short()
    served = talk(service.port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert [answer.status for answer in served.answers] == [200]


def head(key: Key, *lines: bytes, target: bytes = b"/v1/chat/completions", version: bytes = b"1.1") -> bytes:
    """The head of a request that would be fine but for these lines."""
    usual = (b"Host: x", b"Authorization: Bearer " + key.secret.encode(), b"Content-Type: application/json")
    return b"\r\n".join((b"POST %b HTTP/%b" % (target, version), *usual, *lines)) + b"\r\n\r\n"


def smuggled(key: Key) -> bytes:
    """A second request, which must stay unseen."""
    return b"GET /v1/key HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key.secret.encode() + b"\r\n\r\n"


def assert_refused(talked: Talk) -> None:
    """At most one answer, and that a 4xx in our envelope; without one the connection is closed."""
    assert talked.rest == b""
    assert len(talked.answers) <= 1, [answer.status for answer in talked.answers]
    assert talked.closed or talked.answers
    for answer in talked.answers:
        assert 400 <= answer.status < 500, answer
        assert set(answer.json["error"]) == {"message", "type", "code", "param"}


LENGTH = b"Content-Length: %d" % len(JSON)
FRAMINGS = {
    "length and chunked": (LENGTH, b"Transfer-Encoding: chunked"),
    "chunked and length": (b"Transfer-Encoding: chunked", LENGTH),
    "two lengths": (LENGTH, b"Content-Length: 0"),
    "same length twice": (LENGTH, LENGTH),
    "length list": (b"Content-Length: %d, %d" % (len(JSON), len(JSON)),),
    "negative length": (b"Content-Length: -1",),
    "signed length": (b"Content-Length: +5",),
    "hex length": (b"Content-Length: 0x5",),
    "spaced length": (b"Content-Length: 5 5",),
    "exponent length": (b"Content-Length: 1e1",),
    "overflowing length": (b"Content-Length: 18446744073709551617",),
    "empty length": (b"Content-Length:",),
    "unknown coding": (b"Transfer-Encoding: xchunked",),
    "identity": (b"Transfer-Encoding: identity",),
    "chunked not last": (b"Transfer-Encoding: chunked, identity",),
    "chunked by parts": (b"Transfer-Encoding: chun", b" ked"),
    "chunked with tab": (b"Transfer-Encoding: \x0bchunked",),
    "quoted chunked": (b'Transfer-Encoding: "chunked"',),
    "space before colon": (b"Transfer-Encoding : chunked", LENGTH),
    "codings in two lines": (b"Transfer-Encoding: chunked", b"Transfer-Encoding: x"),
    "folded": (b"X: a", b" Transfer-Encoding: chunked", LENGTH, LENGTH),
    "name with a space": (b"Content Length: 5",),
    "name with NUL": (b"Content-\x00Length: 5",),
    "value with NUL": (b"X: a\x00b",),
    "value with a bare CR": (b"X: a\rTransfer-Encoding: chunked",),
    "value with a bare LF": (b"X: a\nTransfer-Encoding: chunked\nContent-Length: 5",),
    "no colon": (b"Transfer-Encoding chunked",),
    "no name": (b": chunked",),
    "second host": (b"Host: y", LENGTH),
}


@pytest.mark.parametrize("lines", FRAMINGS.values(), ids=FRAMINGS)
@pytest.mark.parametrize("body", [JSON, CHUNKED_JSON, b"0\r\n\r\n"], ids=["plain", "chunked", "empty"])
def test_ambiguous_framing_lets_nothing_through(lines, body, service, key):
    assert_refused(talk(service.port, head(key, *lines) + body + smuggled(key)))


@pytest.mark.parametrize("line", [b"Transfer-Encoding: chunked", b"Host: y"])
def test_what_the_old_version_does_not_have_is_refused_in_it(line, service, key):
    assert_refused(talk(service.port, head(key, line, LENGTH, version=b"1.0") + JSON))


@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"2.0", b"3.0", b"11", b"1.1.1", b"", b"\xff"])
def test_other_versions_are_refused(version, service, key):
    assert_refused(talk(service.port, head(key, LENGTH, version=version) + JSON))


CHUNKS = {
    "letters": b"zz\r\nhello\r\n0\r\n\r\n",
    "negative": b"-5\r\nhello\r\n0\r\n\r\n",
    "prefixed": b"0x5\r\nhello\r\n0\r\n\r\n",
    "signed": b"+5\r\nhello\r\n0\r\n\r\n",
    "space before": b" 5\r\nhello\r\n0\r\n\r\n",
    "overflowing": b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "longer than said": b"5\r\nhello world\r\n0\r\n\r\n",
    "shorter than said": b"50\r\nhello\r\n0\r\n\r\n",
    "no end": b"5\r\nhello0\r\n\r\n",
    "line feeds": b"5\nhello\n0\n\n",
    "endless extension": b"5;" + b"a" * 200_000,
    "endless trailer": b"0\r\nX: " + b"a" * 200_000,
    "many trailers": b"0\r\n" + b"".join(b"x-%d: 1\r\n" % number for number in range(20_000)),
    "size after NUL": b"\x005\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_bad_chunks_are_refused(chunks, service, key):
    assert_refused(talk(service.port, head(key, b"Transfer-Encoding: chunked") + chunks, end=True))


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_bad_chunks_after_an_answer_give_no_second_one(chunks, service):
    """A request without a key is answered before its body is looked at."""
    request = b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert_refused(talk(service.port, [request, chunks], pause=0.05, end=True))


def test_a_trailer_is_no_header(service, key):
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    trailer = b"Authorization: Bearer " + key.secret.encode()
    chunks = CHUNKED_JSON.removesuffix(b"\r\n") + trailer + b"\r\n\r\n"
    talked = talk(service.port, request + chunks)
    assert [answer.status for answer in talked.answers] == [401]


def test_a_chunked_body_over_the_limit_is_413(service, key):
    piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    talked = talk(service.port, [head(key, b"Transfer-Encoding: chunked"), *[piece] * 40])
    assert [answer.status for answer in talked.answers] in ([413], [])


def test_a_length_over_the_limit_is_413_before_the_body_comes(service, key):
    talked = talk(service.port, head(key, b"Content-Length: 9999999999"))
    assert [answer.status for answer in talked.answers] == [413]


FLOODS = {
    "one header": b"X: " + b"a" * 10_000_000 + b"\r\n\r\n",
    "a header without an end": b"X: " + b"a" * 1_000_000,
    "a name without an end": b"X" * 1_000_000,
    "many headers": b"X: a\r\n" * 20_000 + b"\r\n",
    "empty headers": b"X:\r\n" * 201 + b"\r\n",
    "one cookie": b"Cookie: " + b"a=b; " * 20_000 + b"\r\n\r\n",
    "folds": b"X: a\r\n" + b" a\r\n" * 30_000 + b"\r\n",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_headers_is_refused(flood, service):
    assert_refused(talk(service.port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + flood))


@pytest.mark.parametrize(
    "target", [b"/" + b"a" * 1_000_000, b"/?" + b"&" * 70_000, b"/" + b"a/" * 40_000, b"/" + b"%41" * 30_000]
)
def test_a_flood_of_a_target_is_refused(target, service):
    assert_refused(talk(service.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"))


def test_a_flood_of_blank_lines_is_refused(service):
    assert_refused(talk(service.port, b"\r\n" * 500_000))


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\x01\x02\x03",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 x",
        b" GET / HTTP/1.1",
        b"get / HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"FOO / HTTP/1.1",
        b"G ET / HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b"GET / http/1.1",
        b"GET /\xff\xfe HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET \\ HTTP/1.1",
        b"GET http:// HTTP/1.1",
        b"GET http://:99999/ HTTP/1.1",
        b"CONNECT x:443 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"SOURCE / HTTP/1.1",
        b"DESCRIBE / RTSP/1.0",
        b"OPTIONS / SIP/2.0",
        b"HTTP/1.1 200 OK",
    ],
    ids=repr,
)
def test_what_is_no_request_of_ours_is_refused(line, service):
    assert_refused(talk(service.port, line + b"\r\nHost: x\r\n\r\n", end=True))


METHODS = b"HEAD OPTIONS TRACE PUT PATCH DELETE PROPFIND PURGE M-SEARCH QUERY REPORT LINK".split()


@pytest.mark.parametrize("path", [b"/v1/models", b"/v1/chat/completions", b"/health/live", b"/nowhere", b"/"])
@pytest.mark.parametrize("method", METHODS, ids=bytes.decode)
def test_a_method_that_a_path_does_not_know_is_refused(method, path, service, key):
    request = b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %b\r\n\r\n"
    talked = talk(service.port, request % (method, path, key.secret.encode()))
    assert len(talked.answers) == 1
    answer = talked.answers[0]
    if method != b"OPTIONS" or answer.status != 204:
        assert 400 <= answer.status < 500
        assert method == b"HEAD" or set(answer.json["error"]) == {"message", "type", "code", "param"}


@pytest.mark.parametrize(
    "header", [b"X-HTTP-Method-Override: POST", b"X-Original-URL: /v1/key", b"X-Rewrite-URL: /v1/key"]
)
def test_headers_do_not_change_what_is_asked(header, service):
    talked = talk(service.port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
    assert [answer.json for answer in talked.answers] == [{"status": "ok"}]


TARGETS = [
    b"/v1/../v1/models/nobody",
    b"/v1/models/..",
    b"/v1/models/%2e%2e",
    b"/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"/v1/models/..%5c..%5cwindows",
    b"/../../../../etc/passwd",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/v1/models/%00",
    b"/v1/models/%ff%fe",
    b"/v1/models/%c0%ae%c0%ae",
    b"/v1/models/%ed%a0%80",
    b"/v1/models/%zz",
    b"/v1/models/%",
    b"/v1/models/%0d%0aX-Injected:%201",
    b"/v1/models/{model}",
    b"/v1/models/" + b"a/" * 1_000,
    b"/v1/models/" + b"%25" * 1_000,
    b"/v1/models;a=b",
    b"/v1//models",
    b"//v1/models/x",
    b"/v1/%6dodels/x",
    b"/V1/MODELS",
    b"/schema/",
    b"/schema/../schema.json",
    b"/v1/models/x?%ff=%00&&&=&model=y",
    b"/v1/models/x#fragment",
    b"http://elsewhere.example/v1/models/x",
    b"https://user:password@elsewhere.example:1/v1/models/x",
    b"ftp://elsewhere.example/v1/models/x",
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[:40].decode("latin-1"))
def test_an_odd_target_finds_nothing(target, service, key):
    request = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %b\r\n\r\n"
    talked = talk(service.port, request % (target, key.secret.encode()))
    if target == b"/schema/":  # the framework takes a trailing slash as none
        assert [answer.status for answer in talked.answers] == [200]
        return
    if target == b"/v1//models":
        assert [answer.status for answer in talked.answers] in ([200], [404])
        return
    assert_refused(talked)
    assert all("x-injected" not in answer.headers for answer in talked.answers)


@pytest.mark.parametrize("target", [b"http://elsewhere.example/health/live", b"HTTP://x:80/health/live?a=b"])
def test_an_absolute_target_is_that_path_here(target, service):
    talked = talk(service.port, b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
    assert [answer.json for answer in talked.answers] == [{"status": "ok"}]


@pytest.mark.parametrize(
    "authorization",
    [
        b"Bearer",
        b"Bearer ",
        b"bearer \xff\xfe",
        b"Basic eDp5",
        b"Bearer " + b"a" * 60_000,
        b"Bearer a\tb",
        b"\xe2\x82\xac",
    ],
    ids=lambda value: repr(value[:20]),
)
def test_an_odd_key_is_401(authorization, service):
    request = b"GET /v1/key HTTP/1.1\r\nHost: x\r\nAuthorization: %b\r\n\r\n"
    talked = talk(service.port, request % authorization)
    assert [answer.status for answer in talked.answers] == [401]


def get(path: bytes, *lines: bytes, version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((b"GET %b HTTP/%b" % (path, version), b"Host: x", *lines)) + b"\r\n\r\n"


def test_pipelined_requests_are_answered_each_once_and_in_order(service, key):
    post = head(key, LENGTH) + JSON
    talked = talk(service.port, get(b"/health/live") + post + get(b"/nowhere") + post, answers=4)
    assert [answer.status for answer in talked.answers] == [200, 200, 404, 200]
    assert talked.rest == b""


def test_a_hundred_pipelined_requests_get_a_hundred_answers(service):
    talked = talk(service.port, get(b"/health/live") * 100, answers=100)
    assert [answer.status for answer in talked.answers] == [200] * 100


def test_requests_behind_a_stream_wait_for_its_end(service, key):
    body = JSON.replace(b"{", b'{"stream":true,', 1)
    post = head(key, b"Content-Length: %d" % len(body)) + body
    talked = talk(service.port, post + get(b"/health/live") + post, answers=3)
    assert [answer.headers["content-type"].partition(";")[0] for answer in talked.answers] == [
        "text/event-stream",
        "application/json",
        "text/event-stream",
    ]
    assert talked.answers[0].body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"],
)
def test_garbage_behind_a_request_does_not_become_its_answer(garbage, service):
    talked = talk(service.port, get(b"/health/live") + garbage, answers=None)
    assert talked.closed
    assert [answer.status for answer in talked.answers] in ([], [200], [200, 400])


def test_a_request_behind_a_last_one_is_not_answered(service):
    talked = talk(
        service.port, get(b"/health/live", b"Connection: close") + get(b"/health/live"), answers=None
    )
    assert [answer.status for answer in talked.answers] == [200]
    assert talked.closed


@pytest.mark.parametrize("lines", [(), (b"Connection: keep-alive",)])
def test_the_old_version_gets_one_answer_and_an_end(lines, service):
    talked = talk(service.port, get(b"/health/live", *lines, version=b"1.0") * 2, answers=None)
    assert [answer.status for answer in talked.answers] == [200]
    assert talked.closed


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0", b"x"])
@pytest.mark.parametrize("length", [True, False])
def test_no_other_protocol_is_switched_to(protocol, length, service, key):
    lines = (b"Connection: Upgrade", b"Upgrade: " + protocol)
    request = head(key, *lines, LENGTH) + JSON if length else get(b"/v1/key", *lines)
    talked = talk(service.port, request)
    assert len(talked.answers) <= 1
    assert talked.closed or talked.answers
    assert all(answer.status != 101 and answer.status < 500 for answer in talked.answers)


def test_an_expectation_is_met_and_the_answer_comes_once(service, key):
    pieces = [head(key, LENGTH, b"Expect: 100-continue"), JSON]
    talked = talk(service.port, pieces, pause=0.05)
    assert [answer.status for answer in talked.answers] == [200]


def test_a_client_that_ends_in_mid_request_is_forgotten(service, key):
    for cut in (b"P", b"POST / HTTP/1.1\r\nHo", head(key, LENGTH), head(key, LENGTH) + JSON[:10]):
        assert_refused(talk(service.port, cut, end=True))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that has little time for a request to arrive, so that the slow ones are soon through."""
    config = f'[server]\nrequest_seconds = {REQUEST_SECONDS}\n[providers.demo]\nkind = "demo"\npace_ms = 0\n'
    with service_in_thread(config, tmp_path_factory.mktemp("hasty")) as service:
        yield service


def trickle(data: bytes, *, times: int) -> list[bytes]:
    """The data, byte by byte and then some."""
    return [bytes([byte]) for byte in data[:times]]


def test_whoever_takes_too_long_is_refused(hasty):
    """Each byte alone comes soon enough; the whole does not. All at once, for it takes a while."""
    key = hasty.key()
    endless = head(key, b"Content-Length: 100000")
    slow = {
        "nothing": [],
        "silent in the head": [endless[:40]],
        "silent in the body": [endless, b"{"],
        "silent in a chunk": [head(key, b"Transfer-Encoding: chunked"), b"50\r\n{"],
        "blank lines": [b"\r\n"] * 60,
        "trickling head": trickle(endless, times=60),
        "trickling headers": [b"GET / HTTP/1.1\r\n", *[b"X: a\r\n"] * 60],
        "trickling body": [endless, *[b" "] * 60],
        "trickling chunks": [head(key, b"Transfer-Encoding: chunked"), *[b"1\r\n \r\n"] * 60],
        "silent after an answer": [get(b"/health/live"), b"GET / HT"],
        "trickling after an answer": [get(b"/health/live"), *[b"\r\n"] * 60],
    }
    with ThreadPoolExecutor(len(slow)) as pool:
        talks = pool.map(lambda pieces: talk(hasty.port, pieces, pause=0.05, answers=None), slow.values())
    statuses = {
        name: ([a.status for a in talked.answers], talked.closed)
        for name, talked in zip(slow, talks, strict=True)
    }
    after = {name: got for name, got in statuses.items() if "answer" in name}
    assert {name: got for name, got in statuses.items() if name not in after} == {
        name: ([408], True) for name in slow if name not in after
    }
    assert all(got == ([200, 408], True) for got in after.values()), after


def test_a_body_that_comes_steadily_may_take_its_time(hasty):
    key = hasty.key()
    body = JSON + b" " * 4_000
    pieces = [body[at : at + 200] for at in range(0, len(body), 200)]
    talked = talk(
        hasty.port,
        [head(key, b"Content-Length: %d" % len(body)), *pieces],
        pause=2 * REQUEST_SECONDS / len(pieces),
    )
    assert [answer.status for answer in talked.answers] == [200]
