"""Addresses in what callers send: whatever they are, this server does not go there. Providers may."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import httpx
import pytest

from specs.scopes import DATA_SCOPES
from tests.egress.targets import hostile
from tests.support.canary import Canary, canary
from tests.support.house import Service, service_in_thread
from tests.support.upstream import Upstream, upstream_in_thread

CONFIG = """
[[limits]]
class = "assistants"
max = "unlimited"
[[limits]]
class = "messages"
max = "unlimited"
[[limits]]
class = "runs"
max = "unlimited"
"""
PROVIDER = """
[providers.{name}]
kind = "{kind}"
base_url = "{upstream}{path}"
api_key = "env:UPSTREAM_KEY"
prices = {{m = {{input = 1.0, output = 2.0}}}}
[[agents]]
id = "agent_{name}"
model = "{name}/m"
"""
KINDS = {"chat": ("openai-compatible", "/v1"), "responses": ("openai", "/v1"), "messages": ("anthropic", "")}
Shape = Callable[[str, str], tuple[str, dict[str, Any]]]
"""From an agent and a URL to the path and the body of a request."""


def _message(*content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*content, {"type": "text", "text": "What is it?"}]}]


def _input(*content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*content, {"type": "input_text", "text": "What is it?"}]}]


def chat_image(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """An image in Chat Completions."""
    image = {"type": "image_url", "image_url": {"url": url}}
    return "/v1/chat/completions", {"model": agent, "messages": _message(image)}


def responses_image(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """An image in Responses."""
    return "/v1/responses", {"model": agent, "input": _input({"type": "input_image", "image_url": url})}


def responses_file(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """A file in Responses."""
    return "/v1/responses", {"model": agent, "input": _input({"type": "input_file", "file_url": url})}


def messages_image(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """An image in Messages."""
    image = {"type": "image", "source": {"type": "url", "url": url}}
    return "/v1/messages", {"model": agent, "max_tokens": 50, "messages": _message(image)}


def messages_document(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """A document in Messages."""
    document = {"type": "document", "source": {"type": "url", "url": url}}
    return "/v1/messages", {"model": agent, "max_tokens": 50, "messages": _message(document)}


def thread_image(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """An image in a thread."""
    image = {"type": "image_url", "image_url": {"url": url}}
    run = {"assistant_id": agent, "thread": {"messages": _message(image)}, "stream": True}
    return "/v1/threads/runs", run


def judged_document(agent: str, url: str) -> tuple[str, dict[str, Any]]:
    """A document of an action that is only to be judged."""
    schema = {"type": "object", "properties": {"a": {"$ref": url}}}
    body = {"content": {"application/json": {"schema": schema}}}
    paths = {"/": {"post": {"operationId": "a", "requestBody": body}, "get": {"operationId": "b"}}}
    return "/v1/actions/validate", {
        "document": {"openapi": "3.1.0", "servers": [{"url": url}], "paths": paths}
    }


SHAPES: tuple[Shape, ...] = (
    chat_image,
    responses_image,
    responses_file,
    messages_image,
    messages_document,
    thread_image,
    judged_document,
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as found:
        yield found


@pytest.fixture(scope="module")
def service(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    rows = [
        PROVIDER.format(name=name, kind=kind, path=path, upstream=upstream.base_url)
        for name, (kind, path) in KINDS.items()
    ]
    config = CONFIG + "".join(rows)
    with service_in_thread(config, tmp_path_factory.mktemp("media")) as found:
        yield found


@pytest.fixture(scope="module")
def listener() -> Iterator[Canary]:
    with canary() as found:
        yield found


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    headers = service.key(scopes=(*DATA_SCOPES, "agents.write")).headers
    with httpx.Client(base_url=service.base_url, headers=headers) as client:
        yield client


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_no_target_is_opened(shape: Shape, http: httpx.Client, service: Service, listener: Canary) -> None:
    agents = cycle(f"agent_{name}" for name in KINDS)
    for target in hostile():
        path, body = shape(next(agents), target.replace("{port}", str(listener.port)))
        response = http.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
        assert response.status_code in (200, 400), f"{target!r}: {response.text}"
    assert listener.reached == 0
    assert service.broken() == []


@pytest.mark.parametrize("shape", SHAPES[:-1], ids=lambda shape: shape.__name__)
def test_what_is_shown_reaches_the_provider_as_its_address(
    shape: Shape, http: httpx.Client, upstream: Upstream
) -> None:
    """Else the test above would show nothing."""
    upstream.exchanges.clear()
    for name in KINDS:
        path, body = shape(f"agent_{name}", "https://pictures.example/cat.png")
        assert http.post(path, json=body).status_code in (200, 400)
    assert any("https://pictures.example/cat.png" in json.dumps(each.body) for each in upstream.exchanges)
