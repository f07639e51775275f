"""A service that takes the tokens of an issuer beside keys."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from specs.scopes import ADMIN
from tests.support.house import Key, Service, service_in_thread
from tests.support.issuer import AUDIENCE, IssuerServer, issuer_in_thread


def configuration(issuer: str, *, more: str = "", auth: str = "") -> str:
    """The stand-in provider, and an issuer."""
    return f"""
[providers.demo]
kind = "demo"
pace_ms = 0
[auth]
{auth}
[auth.oidc]
issuer = "{issuer}"
audience = "{AUDIENCE}"
admin_groups = ["platform"]
{more}
"""


@pytest.fixture(scope="session")
def issuer() -> Iterator[IssuerServer]:
    with issuer_in_thread() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def service(issuer: IssuerServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = configuration(issuer.url, more='default_project = "default"')
    with service_in_thread(settings, tmp_path_factory.mktemp("oidc")) as service:
        yield service


@pytest.fixture(scope="session")
def admin(service: Service) -> Iterator[httpx.Client]:
    """A client with a key of administration."""
    key: Key = service.key(scopes=(ADMIN,))
    with httpx.Client(base_url=service.base_url + "/v1", headers=key.headers) as client:
        yield client
