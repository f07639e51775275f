"""A stage for all plays; its books and its canary are looked at after each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.puppet.stage import DOCUMENTS, NOTES_TOKEN, OWN_TOKEN, VAULT_TOKEN, Stage, configuration
from tests.support.apis import APIS, Api
from tests.support.canary import canary
from tests.support.hostile_pages import pages_in_thread
from tests.support.house import service_in_thread
from tests.support.puppet import obey
from tests.support.upstream import upstream_in_thread


@pytest.fixture(scope="package")
def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("puppet")
    for name, document in DOCUMENTS.items():
        (folder / f"{name}.yaml").write_text(document)
    (folder / "notes.token").write_text(NOTES_TOKEN)
    (folder / "vault.token").write_text(VAULT_TOKEN)
    (folder / "own.token").write_text(OWN_TOKEN)
    with canary() as listener, pages_in_thread() as pages, upstream_in_thread() as upstream:
        config = configuration(upstream.base_url, pages.base_url)
        with service_in_thread(config, folder) as service, httpx.Client() as http:
            yield Stage(service, upstream, pages, listener, service.key(), http)


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    shared = shared_stage
    shared.pages.clear()
    shared.upstream.exchanges.clear()
    shared.upstream.scripts.clear()
    shared.upstream.answer_with(obey)
    key = shared.service.key(dollars=1.0)
    with httpx.Client(base_url=shared.service.base_url, headers=key.headers) as http:
        yield Stage(shared.service, shared.upstream, shared.pages, shared.listener, key, http)


@pytest.fixture(params=APIS, ids=lambda api: api.name)
def api(request: pytest.FixtureRequest) -> Api:
    return request.param
