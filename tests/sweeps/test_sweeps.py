"""Every route, as the router has it: it wants its scope, and shows nothing of another project.

A route whose scope is unknown, or whose parameters `Objects` cannot name, fails here.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from service.http.auth import ANY_KEY, PUBLIC
from service.http.routes import API_HANDLERS, TOP_HANDLERS
from specs.scopes import ADMIN, SCOPES
from tests.support.house import Service
from tests.support.objects import Objects

AGENT = "agent_demo"
EVERY = [
    (next(iter(handler.http_methods)), prefix + path, handler)
    for prefix, handler in [*(("/v1", each) for each in API_HANDLERS), *TOP_HANDLERS]
    for path in sorted(handler.paths)
]
CHOSEN = [route for route in EVERY if route[2].opt["scope"] not in (PUBLIC, ANY_KEY)]
NAMING = [route for route in CHOSEN if "{" in route[1]]
OF_PROJECTS = [route for route in NAMING if route[2].opt["scope"] != ADMIN]
IN_PROJECTS = [route for route in NAMING if "{project_id:" in route[1] and route[1].count("{") > 1]
LISTING = [
    route
    for route in CHOSEN
    if route[0] == "GET" and "{" not in route[1] and route[2].opt["scope"] not in (ADMIN, "usage.read")
]


def ids(routes: list[tuple[str, str, HTTPRouteHandler]]) -> list[str]:
    return [f"{method} {path}" for method, path, _ in routes]


def parameters(path: str) -> list[str]:
    return re.findall(r"{(\w+):", path)


def filled(path: str, values: dict[str, str]) -> str:
    return re.sub(r"{(\w+):\w+}", lambda found: values[found[1]], path)


def content(handler: HTTPRouteHandler) -> dict[str, Any]:
    """A body of the right kind; what is in it does not matter before the object is found."""
    if "form" in handler.opt:
        return {"files": {"data": ("part", b"x")}}
    return {"json": {}} if "body" in handler.opt else {}


def body_for(handler: HTTPRouteHandler, objects: Objects) -> dict[str, Any]:
    """A body that is good, where a bad one would be refused before the object is looked for."""
    good = {
        "completeUpload": {"part_ids": ["part_1"]},
        "createConversationItems": {"items": [{"role": "user", "content": "Hi"}]},
        "createRun": {"assistant_id": AGENT},
        "createThreadMessage": {"role": "user", "content": "Hi"},
        "submitToolOutputs": {"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}]},
        "rotateCredential": {"api_key": "sk-another-one"},
        "rotateProjectCredential": {"api_key": "sk-another-one"},
        "createProjectApiKey": {"name": "key"},
        "createProjectUser": {"role": "member", "user_id": "user_1"},
        "createServiceAccount": {"name": "robot"},
        "updateConversation": {"metadata": {}},
        "updateProjectUser": {"role": "viewer"},
        "restoreAgent": {"version": 1},
    }
    given = good.get(str(handler.operation_id))
    return content(handler) if given is None else {"json": given}


@pytest.mark.parametrize(("method", "path", "handler"), EVERY, ids=ids(EVERY))
def test_a_route_has_a_scope_there_is(method, path, handler):
    assert handler.opt["scope"] in (PUBLIC, ANY_KEY, *SCOPES)


@pytest.mark.parametrize(("method", "path", "handler"), CHOSEN, ids=ids(CHOSEN))
def test_a_route_wants_a_key_with_its_scope(method, path, handler, service: Service):
    url = service.base_url + filled(path, dict.fromkeys(parameters(path), "x"))
    assert httpx.request(method, url, **content(handler)).status_code == 401
    scope = handler.opt["scope"]
    others = service.key(scopes=tuple(each for each in SCOPES if each != scope))
    answer = httpx.request(method, url, headers=others.headers, **content(handler))
    assert answer.status_code == 403, answer.text
    assert repr(scope) in answer.text
    only = service.key(scopes=(scope,))
    answer = httpx.request(method, url, headers=only.headers, **content(handler))
    assert answer.status_code < 500, answer.text
    assert f"lacks the scope {scope!r}" not in answer.text


@pytest.mark.parametrize(("method", "path", "handler"), OF_PROJECTS, ids=ids(OF_PROJECTS))
def test_what_is_in_a_project_is_not_there_for_another(method, path, handler, here, elsewhere):
    objects = Objects(here, agent=AGENT)
    values = objects.named(*parameters(path))
    if "model" in values:
        values["model"] = objects.agent_object()["id"]
    body = body_for(handler, objects)
    found = elsewhere.request(method, filled(path, values), **body)
    assert found.status_code == 404, found.text
    for unknown in (
        {name: f"{value[:-4]}0000" for name, value in values.items()},
        {name: f"{value.partition('_')[0].partition('-')[0]}_none" for name, value in values.items()},
    ):
        missing = elsewhere.request(method, filled(path, unknown), **body)
        assert missing.status_code == 404, missing.text
        assert without(missing.text, unknown) == without(found.text, values)


@pytest.mark.parametrize(("method", "path", "handler"), IN_PROJECTS, ids=ids(IN_PROJECTS))
def test_a_path_with_another_project_names_nothing(method, path, handler, here):
    objects = Objects(here, agent=AGENT)
    values = objects.named(*parameters(path)) | {"project_id": objects.project()["id"]}
    answer = here.request(method, filled(path, values), **body_for(handler, objects))
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(("method", "path", "handler"), LISTING, ids=ids(LISTING))
def test_a_list_shows_nothing_of_another_project(method, path, handler, here, elsewhere):
    objects = Objects(here, agent=AGENT)
    made = [
        objects.agent_object(),
        objects.assistant(),
        objects.file(),
        objects.own_credential(),
        objects.own_key(),
        objects.response(),
        objects.thread(),
    ]
    assert any(each["id"] in here.get(path, params={"limit": 100}).text for each in made)
    shown = elsewhere.get(path, params={"limit": 100}).text
    assert [each["id"] for each in made if each["id"] in shown] == []


def without(text: str, values: dict[str, str]) -> str:
    for value in values.values():
        text = text.replace(value, "…")
    return text
