"""One service with metrics and one scripted upstream; models whose names say how they behave."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.apis import APIS, Api
from tests.support.house import Service, service_in_thread
from tests.support.upstream import Upstream, upstream_in_thread
from tests.telemetry.samples import Samples, scrape, wire_configuration


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def service(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = wire_configuration(upstream.base_url)
    with service_in_thread(config, tmp_path_factory.mktemp("service"), with_metrics=True) as service:
        yield service


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.base_url, headers=service.key().headers) as client:
        yield client


@pytest.fixture
def before(service: Service) -> Samples:
    """What the metrics said when the test began."""
    return scrape(service.metrics_url)


@pytest.fixture(params=APIS, ids=lambda api: api.name)
def api(request: pytest.FixtureRequest) -> Api:
    """Each API in turn."""
    return request.param
