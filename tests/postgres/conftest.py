"""Three replicas: real processes with folders of their own, one database, one folder of files, one secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from specs.secret import Secret
from tests.durability.load import configuration
from tests.support.postgres import fresh_database
from tests.support.processes import Service
from tests.support.upstream import Upstream, upstream_in_thread

REPLICAS = 3


class Replicas:
    """What a test wants of them."""

    def __init__(self, services: list[Service], where: Secret, upstream: Upstream) -> None:
        self.services = services
        self.where = where
        self.upstream = upstream

    @property
    def first(self) -> Service:
        """Any of them."""
        return self.services[0]

    @property
    def second(self) -> Service:
        """Another one."""
        return self.services[1]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    shared = tmp_path_factory.mktemp("shared")
    with fresh_database(empty=True) as where, upstream_in_thread() as upstream:
        environment = {
            "UPSTREAM_KEY": "sk-scripted",
            "DRAGOMAN__STORE__URL": "env:DATABASE",
            "DATABASE": where.reveal(),
            "DRAGOMAN__FILES__PATH": str(shared / "files"),
            "DRAGOMAN_ADMIN_KEY_FILE": str(shared / "admin.key"),
            "DRAGOMAN_SECRET_KEY_FILE": str(shared / "secret.key"),
        }
        services = []
        for _ in range(REPLICAS):
            config = tmp_path_factory.mktemp("replica") / "dragoman.toml"
            config.write_text(configuration(upstream.base_url))
            services.append(Service(config, environment=environment))
        try:
            for service in services:
                service.spawn()
            for service in services:
                service.wait_until_ready()
            yield Replicas(services, where, upstream)
        finally:
            for service in services:
                if service.is_running():
                    service.kill()
