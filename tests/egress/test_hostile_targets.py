"""Not one connection is made to a place a tenant must not reach, by whatever way it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import httpx2
import pytest

from service.egress import Door, EgressError, Forbidden
from service.egress.httpx_transport import DoorTransport
from specs.addresses import AddressPolicy
from tests.egress.targets import INTERNAL_V4, INTERNAL_V6, NAMES, hostile
from tests.support.canary import Canary, Names, canary

pytestmark = pytest.mark.anyio
TARGETS = hostile()


@pytest.fixture(scope="module")
def listener() -> Iterator[Canary]:
    with canary() as found:
        yield found


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    found = Door(AddressPolicy(), resolver=Names({name: [answer] for name, answer in NAMES.items()}))
    yield found
    await found.aclose()


async def by_fetch(door: Door, url: str) -> object:
    return await door.fetch(url)


async def by_session(door: Door, url: str) -> object:
    async with door.session(url).get(url) as response:
        return response.status


async def by_wrong_session(door: Door, url: str) -> object:
    """A session made for another host, as a library would use it that follows redirects by itself."""
    async with door.session("http://93.184.215.14/").get(url) as response:
        return response.status


async def by_httpx(door: Door, url: str) -> object:
    async with httpx2.AsyncClient(transport=DoorTransport(door), follow_redirects=True) as client:
        return await client.get(url)


REFUSALS = (EgressError, aiohttp.ClientError, httpx2.TransportError, httpx2.InvalidURL, OSError, ValueError)
WAYS = (by_fetch, by_session, by_wrong_session, by_httpx)


def test_there_are_at_least_150_targets() -> None:
    assert len(set(TARGETS)) >= 150


@pytest.mark.parametrize("way", WAYS)
async def test_no_target_is_reached(
    way: Callable[[Door, str], Awaitable[object]], door: Door, listener: Canary
) -> None:
    for target in TARGETS:
        try:
            got = await way(door, target.replace("{port}", str(listener.port)))
        except REFUSALS:
            continue
        raise AssertionError(f"{target!r} was answered: {got!r}")
    assert listener.reached == 0


@pytest.mark.parametrize("address", [*INTERNAL_V4, *(f"[{each}]" for each in INTERNAL_V6)])
async def test_an_internal_address_is_refused_without_a_try(address: str, door: Door) -> None:
    with pytest.raises(Forbidden):
        await door.fetch(f"http://{address}/")


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_that_leads_inside_is_refused_without_a_try(name: str, door: Door) -> None:
    with pytest.raises(Forbidden):
        await door.fetch(f"http://{name}/")


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_the_public_internet_is_open(address: str) -> None:
    assert AddressPolicy().refusal(address, 443) is None
