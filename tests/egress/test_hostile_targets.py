"""Not one connection is made to a place a tenant must not reach, by whatever way it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import httpx2
import pytest

from service.egress import Door, EgressError, Forbidden
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


REFUSALS = (EgressError, aiohttp.ClientError, httpx2.TransportError, httpx2.InvalidURL, OSError, ValueError)


def test_there_are_at_least_150_targets() -> None:
    assert len(set(TARGETS)) >= 150


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
