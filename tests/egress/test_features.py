"""Every feature that goes where somebody says, and every place where none may: not one connection."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from service.egress import Door
from specs.addresses import AddressPolicy, to_place
from tests.egress.features import FEATURES, Feature, Refused
from tests.egress.targets import NAMES, hostile
from tests.egress.test_hostile_targets import REFUSALS
from tests.support.canary import Canary, Names, canary, tiny_server

pytestmark = pytest.mark.anyio
TARGETS = hostile()
NO = (*REFUSALS, Refused)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
MakeDoor = Callable[..., Door]


@pytest.fixture(scope="module")
def listener() -> Iterator[Canary]:
    with canary() as found:
        yield found


@pytest.fixture
async def make_door() -> AsyncIterator[MakeDoor]:
    made: list[Door] = []

    def make(*allow: str, names: dict[str, list[list[str]]] | None = None) -> Door:
        policy = AddressPolicy(allow=tuple(map(to_place, allow)))
        answers = {name: [answer] for name, answer in NAMES.items()} | (names or {})
        made.append(Door(policy, resolver=Names(answers)))
        return made[-1]

    yield make
    for door in made:
        await door.aclose()


@pytest.fixture(params=FEATURES.values(), ids=list(FEATURES))
def feature(request: pytest.FixtureRequest) -> Feature:
    return request.param


async def test_no_target_is_reached(feature: Feature, make_door: MakeDoor, listener: Canary) -> None:
    door = make_door()
    for target in TARGETS:
        try:
            got = await feature(door, target.replace("{port}", str(listener.port)))
        except NO:
            continue
        raise AssertionError(f"{target!r} was answered: {got!r}")
    assert listener.reached == 0


async def test_a_place_that_is_open_is_reached(feature: Feature, make_door: MakeDoor) -> None:
    """Else the rest of this file would show nothing."""
    heads: list[bytes] = []

    def answer(head: bytes) -> bytes:
        heads.append(head)
        return OK

    with tiny_server(answer) as port, suppress(*NO):
        await feature(make_door("93.184.215.14", f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}")
    assert heads


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_leads_to_a_target(
    status: int, feature: Feature, make_door: MakeDoor, listener: Canary
) -> None:
    targets = iter([each for each in TARGETS if "{port}" in each and each.isprintable()])

    def answer(head: bytes) -> bytes:
        there = next(targets, "").replace("{port}", str(listener.port))
        return (
            f"HTTP/1.1 {status} Found\r\nlocation: {there}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ).encode()

    with tiny_server(answer) as port:
        door = make_door(f"127.0.0.1:{port}")
        for _ in range(10):
            with suppress(*NO):
                await feature(door, f"http://127.0.0.1:{port}/")
    assert listener.reached == 0


async def test_a_name_that_leads_elsewhere_the_second_time_leads_nowhere(
    feature: Feature, make_door: MakeDoor
) -> None:
    """Rebinding: the first look-up gives an open address, every other one that is not."""
    with tiny_server(lambda head: OK) as port, counting("127.0.0.2", port) as reached:
        names = {"rebind.test": [["127.0.0.1"], ["127.0.0.2"]]}
        door = make_door(f"127.0.0.1:{port}", names=names)
        for _ in range(3):
            with suppress(*NO):
                await feature(door, f"http://rebind.test:{port}/")
        assert reached() is False


@contextmanager
def counting(address: str, port: int) -> Iterator[Callable[[], bool]]:
    """A listener at one address; yields whether anybody has come."""
    with socket.create_server((address, port)) as listener:
        listener.setblocking(False)

        def reached() -> bool:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        yield reached
