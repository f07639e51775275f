"""What the door lets through, and how far: operators' lists, redirects, names that change, bounds."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable

import aiohttp
import httpx2
import pytest

from service.egress import Bounds, Door, Forbidden, TimedOut, TooLarge, Unreachable
from service.egress.httpx_transport import DoorTransport
from specs.addresses import AddressPolicy, to_place
from tests.support.canary import Answer, Names, canary, tiny_server

pytestmark = pytest.mark.anyio
LOCAL = [["127.0.0.1"]]
END = "content-length: 0\r\nconnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"


def redirect(target: str) -> bytes:
    return (
        f"HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
    )


def policy(*allow: str, deny: tuple[str, ...] = ()) -> AddressPolicy:
    return AddressPolicy(
        allow=tuple(to_place(each) for each in allow), deny=tuple(to_place(each) for each in deny)
    )


MakeDoor = Callable[..., Door]
Answers = dict[str, list[list[str]]]


@pytest.fixture
async def make_door() -> AsyncIterator[MakeDoor]:
    made: list[Door] = []

    def make(
        *allow: str, names: dict[str, list[list[str]]] | None = None, deny: tuple[str, ...] = ()
    ) -> Door:
        made.append(Door(policy(*allow, deny=deny), resolver=Names(names or {})))
        return made[-1]

    yield make
    for door in made:
        await door.aclose()


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:{port}", "127.0.0.0/8"])
async def test_an_allowed_address_is_reached(entry: str, make_door: MakeDoor) -> None:
    with tiny_server(lambda head: OK) as port:
        door = make_door(entry.format(port=port))
        got = await door.fetch(f"http://127.0.0.1:{port}/")
    assert (got.status, got.body) == (200, b"hello")


@pytest.mark.parametrize("entry", ["searx.internal", "searx.internal:{port}", "SearX.Internal."])
async def test_an_allowed_host_is_reached_wherever_its_name_leads(entry: str, make_door: MakeDoor) -> None:
    with tiny_server(lambda head: OK) as port:
        door = make_door(entry.format(port=port), names={"searx.internal": LOCAL})
        got = await door.fetch(f"http://searx.internal:{port}/")
    assert got.body == b"hello"


async def test_a_name_inside_an_allowed_network_is_reached(make_door: MakeDoor) -> None:
    with tiny_server(lambda head: OK) as port:
        door = make_door("127.0.0.0/8", names={"intra.test": LOCAL})
        assert (await door.fetch(f"http://intra.test:{port}/")).body == b"hello"


async def test_an_entry_with_a_port_opens_no_other_port(make_door: MakeDoor) -> None:
    with canary() as listener:
        door = make_door("127.0.0.1:1", "intra.test:2", names={"intra.test": LOCAL})
        for host in ("127.0.0.1", "intra.test"):
            with pytest.raises(Forbidden):
                await door.fetch(f"http://{host}:{listener.port}/")
    assert listener.reached == 0


async def test_denied_beats_allowed(make_door: MakeDoor) -> None:
    with canary() as listener:
        door = make_door("127.0.0.0/8", "bad.test", names={"bad.test": LOCAL}, deny=("127.0.0.1", "bad.test"))
        for host in ("127.0.0.1", "bad.test"):
            with pytest.raises(Forbidden):
                await door.fetch(f"http://{host}:{listener.port}/")
    assert listener.reached == 0


async def test_a_name_that_leads_elsewhere_the_second_time_is_judged_again(make_door: MakeDoor) -> None:
    """Rebinding: the answer that is connected to is the answer that is judged."""
    with tiny_server(lambda head: OK) as port:
        names = {"rebind.test": [["127.0.0.1"], ["127.0.0.2"]]}
        door = make_door("127.0.0.1", names=names)
        assert (await door.fetch(f"http://rebind.test:{port}/")).status == 200
        with pytest.raises(Forbidden):
            await door.fetch(f"http://rebind.test:{port}/")


async def test_of_a_names_addresses_only_the_open_ones_are_tried(make_door: MakeDoor) -> None:
    with tiny_server(lambda head: OK) as port:
        door = make_door("127.0.0.1", names={"mixed.test": [["127.0.0.2", "10.0.0.1", "127.0.0.1"]]})
        assert (await door.fetch(f"http://mixed.test:{port}/")).status == 200


async def test_redirects_are_answers_unless_they_are_wanted(make_door: MakeDoor) -> None:
    with tiny_server(lambda head: redirect("/next")) as port:
        got = await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/")
    assert got.status == 302


def hop_then(target: str) -> Answer:
    return lambda head: redirect(target) if head.startswith(b"GET /first ") else OK


async def test_a_wanted_redirect_is_followed(make_door: MakeDoor) -> None:
    with tiny_server(hop_then("/second")) as port:
        got = await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/first", bounds=Bounds(redirects=1))
    assert (got.url, got.body) == (f"http://127.0.0.1:{port}/second", b"hello")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/",
        "http://[::1]:{port}/",
        "http://0x7f.0.0.2:{port}/",
        "//127.0.0.2:{port}/",
        "http://evil.test:{port}/",
        "http://127.0.0.1:{port}@127.0.0.2:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://[",
    ],
)
async def test_a_redirect_is_judged_like_a_first_request(target: str, make_door: MakeDoor) -> None:
    with canary() as listener, tiny_server(hop_then(target.format(port=listener.port))) as port:
        door = make_door(
            f"127.0.0.1:{port}",
            "intra.test",
            names={"evil.test": LOCAL, "intra.test": LOCAL},
        )
        for host in ("127.0.0.1", "intra.test"):
            with pytest.raises(Forbidden):
                await door.fetch(f"http://{host}:{port}/first", bounds=Bounds(redirects=3))
        async with httpx2.AsyncClient(transport=DoorTransport(door), follow_redirects=True) as client:
            with pytest.raises((httpx2.TransportError, httpx2.InvalidURL)):
                await client.get(f"http://127.0.0.1:{port}/first")
    assert listener.reached == 0


async def test_a_session_that_follows_redirects_by_itself_is_held_too(make_door: MakeDoor) -> None:
    with canary() as listener, tiny_server(hop_then(f"http://127.0.0.2:{listener.port}/")) as port:
        door = make_door("intra.test", names={"intra.test": LOCAL})
        url = f"http://intra.test:{port}/first"
        with pytest.raises(aiohttp.ClientOSError):
            await door.session(url).get(url)
    assert listener.reached == 0


async def test_credentials_do_not_follow_to_another_host(make_door: MakeDoor) -> None:
    heads: list[bytes] = []

    def answer(head: bytes) -> bytes:
        heads.append(head.lower())
        return redirect(f"http://other.test:{ports[0]}/") if b"get /first " in heads[-1] else OK

    ports: list[int] = []
    with tiny_server(answer) as port:
        ports.append(port)
        door = make_door("one.test", "other.test", names={"one.test": LOCAL, "other.test": LOCAL})
        sent = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Accept": "text/html"}
        await door.fetch(f"http://one.test:{port}/first", headers=sent, bounds=Bounds(redirects=1))
    assert b"secret" in heads[0]
    assert b"secret" not in heads[1]
    assert b"text/html" in heads[1]


async def test_endless_redirects_end(make_door: MakeDoor) -> None:
    with tiny_server(lambda head: redirect("/again")) as port:
        got = await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/", bounds=Bounds(redirects=5))
    assert got.status == 302


async def test_an_answer_that_is_too_large_is_not_read_on(make_door: MakeDoor) -> None:
    big = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * 10_000
    with tiny_server(lambda head: big) as port, pytest.raises(TooLarge):
        await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/", bounds=Bounds(bytes=9_999))


async def test_an_answer_that_does_not_end_is_left(make_door: MakeDoor) -> None:
    slow = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx"

    def answer(head: bytes) -> bytes:
        gate.wait(10)
        return slow

    gate = threading.Event()
    with tiny_server(answer) as port:
        try:
            with pytest.raises(TimedOut):
                await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/", bounds=Bounds(seconds=0.2))
        finally:
            gate.set()


@pytest.mark.parametrize("header", [{"x-evil": "a\r\nx: y"}, {"x-evil\r\nx": "a"}])
async def test_a_header_that_is_none_is_refused(header: dict[str, str], make_door: MakeDoor) -> None:
    with tiny_server(lambda head: OK) as port, pytest.raises(Unreachable):
        await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/", headers=header)


async def test_a_compressed_answer_is_not_opened(make_door: MakeDoor) -> None:
    bomb = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n\x1f\x8b"
    with tiny_server(lambda head: bomb) as port, pytest.raises(Unreachable, match="compressed"):
        await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/")


async def test_httpx_gets_its_answer_by_the_same_door(make_door: MakeDoor) -> None:
    heads: list[bytes] = []

    def answer(head: bytes) -> bytes:
        heads.append(head)
        return OK

    with tiny_server(answer) as port:
        transport = DoorTransport(make_door("127.0.0.1"))
        async with httpx2.AsyncClient(transport=transport) as client:
            got = await client.post(
                f"http://127.0.0.1:{port}/x?y=1", json={"a": 1}, headers={"x-mine": "yes"}
            )
    assert (got.status_code, got.text) == (200, "hello")
    assert heads[0].startswith(b"POST /x?y=1 HTTP/1.1")
    assert b"x-mine: yes" in heads[0]
    assert heads[0].lower().count(b"\r\nhost:") == 1


async def test_nothing_listening_is_unreachable(make_door: MakeDoor) -> None:
    with canary() as listener:
        port = listener.port
    with pytest.raises(Unreachable):
        await make_door("127.0.0.1").fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "entry",
    [
        "127.0.0.1",
        "10.0.0.0/8",
        "::1",
        "[::1]:80",
        "fd00::/8",
        "10.0.0.1:8080",
        "host",
        "host.test:1",
        "a_b.c-d",
    ],
)
def test_an_entry_of_the_lists_is_read(entry: str) -> None:
    assert to_place(entry)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "host:",
        "host:0",
        "host:70000",
        "host:x",
        "10.0.0.1/8",
        "http://host",
        "a b",
        "127.1",
        "host/x",
        ":80",
    ],
)
def test_an_entry_that_is_none_is_told(entry: str) -> None:
    with pytest.raises(ValueError, match=r"has no valid port|must be a host"):
        to_place(entry)
