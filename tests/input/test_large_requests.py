"""What is large and well-formed, over every API and wire: others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.http.reading import LARGE_BODY, read_body
from tests.support.apis import APIS, Api, Responses
from tests.support.house import Key, Service
from tests.support.lag import Lag
from tests.support.script import Script
from tests.support.upstream import Upstream

AGENT = {"chat": "agent_chat", "responses": "agent_answers", "messages": "agent_letters"}
"""An agent for each API whose provider speaks the same wire."""
SENTENCE = "The river that runs past the old mill is never the same colour twice in one week. "
PROMPT = SENTENCE * 2_500
"""Some 50,000 tokens."""
IMAGE = "data:image/png;base64," + "iVBORw0K" + "A" * 20_000_000


@pytest.fixture(autouse=True)
def the_loop_turns(lag: Lag) -> Iterator[None]:
    lag.look()
    yield
    lag.assert_short()


@pytest.fixture(params=APIS, ids=lambda api: api.name)
def api(request: pytest.FixtureRequest) -> Api:
    return request.param


@pytest.fixture
def http(service: Service, key: Key, upstream: Upstream) -> Iterator[httpx.Client]:
    upstream.answer_with(lambda exchange: Script(text=("Yes", ".")))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as client:
        yield client
    upstream.rule = None


def tool(number: int) -> dict[str, Any]:
    """A function with a schema of some 70 kB."""
    field = {"type": "string", "description": SENTENCE, "enum": [f"value {at}" for at in range(20)]}
    shape = {"type": "object", "properties": {f"inner_{at}": field for at in range(6)}}
    schema = {"type": "object", "properties": {f"field_{at}": shape for at in range(25)}}
    return {"name": f"tool_{number}", "description": SENTENCE, "parameters": schema}


def with_history(api: Api, body: dict[str, Any], *, messages: int) -> dict[str, Any]:
    """The same request after an exchange of so many messages."""
    field = "input" if api.name == "responses" else "messages"
    said = [{"role": ("user", "assistant")[at % 2], "content": SENTENCE * 20} for at in range(messages)]
    return body | {field: [*said, {"role": "user", "content": "Go on"}]}


def with_image(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    """The same request with an image of 20 MB."""
    source = {"type": "base64", "media_type": "image/png", "data": IMAGE.partition(",")[2]}
    field, part = {
        "chat": ("messages", {"type": "image_url", "image_url": {"url": IMAGE}}),
        "responses": ("input", {"type": "input_image", "image_url": IMAGE}),
        "messages": ("messages", {"type": "image", "source": source}),
    }[api.name]
    return body | {field: [{"role": "user", "content": [part]}]}


def ask(http: httpx.Client, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    """The whole answer to a request, which is a good one."""
    answer = http.post(api.path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert api.text(answer.json()) == "Yes."
    return answer.json()


def test_a_prompt_of_50_000_tokens(api, http):
    ask(http, api, api.body(AGENT[api.name], PROMPT))


def test_a_history_of_200_messages(api, http):
    ask(http, api, with_history(api, api.body(AGENT[api.name], ""), messages=200))


def test_25_tools_with_large_schemas(api, http):
    ask(http, api, api.body(AGENT[api.name], "Hi", tools=tuple(map(tool, range(25)))))


def test_an_image_of_20_megabytes(api, http):
    ask(http, api, with_image(api, api.body(AGENT[api.name], "")))


def test_a_conversation_of_1_000_items_with_an_image_among_them(http):
    conversation = http.post("/v1/conversations", json={}).json()["id"]
    said = [{"role": "user", "content": SENTENCE * 5}] * 20
    for _ in range(50):
        http.post(f"/v1/conversations/{conversation}/items", json={"items": said}).raise_for_status()
    api = Responses()
    asked = api.body("agent_answers", "") | {"conversation": conversation}
    ask(http, api, with_image(api, asked))
    ask(http, api, asked | {"input": "Go on"})


@pytest.mark.parametrize(("size", "beside"), [(LARGE_BODY - 1, False), (LARGE_BODY, True)])
def test_a_large_body_is_read_beside_the_loop(size, beside):
    def read(body: bytes, new_id: object) -> tuple[int, bool]:
        return len(body), threading.current_thread() is not threading.main_thread()

    assert asyncio.run(read_body(b"x" * size, read)) == (size, beside)


def test_what_is_wrong_with_a_large_body_is_told_as_ever(api, http):
    body = api.body(AGENT[api.name], PROMPT * 4) | {"temperature": "hot"}
    answer = http.post(api.path, json=body)
    assert answer.status_code == 400
    assert api.error(answer.json())["param"] == "temperature"
