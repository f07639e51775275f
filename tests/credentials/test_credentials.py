"""Credentials that projects and users bring: kept for them alone, used for their calls alone, never shown."""

from __future__ import annotations

from contextlib import closing

import httpx
import pytest

from service.app import reload
from service.settings import SettingsError, load
from specs.providers import ProviderSpec
from tests.credentials.conftest import SECRET, Administrator, ask, configuration
from tests.support.canary import tiny_server
from tests.support.house import ENVIRON, eventually, service_in_thread
from tests.support.script import ErrorBody, Script
from tests.support.upstream import Upstream

Headers = dict[str, str]


def sent(upstream: Upstream) -> list[str | None]:
    """The credentials that requests came to the provider with."""
    return [exchange.headers.get("authorization") for exchange in upstream.exchanges]


def test_a_missing_one_is_a_400_that_says_where_to_add_it(service, project, headers, upstream) -> None:
    answer = ask(service, headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "credential_missing", "model")
    assert "POST /v1/credentials" in error["message"]
    assert f"/v1/organization/projects/{project}/credentials" in error["message"]
    assert upstream.exchanges == []
    assert ask(service, headers, "ours/scripted-1").status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_the_projects_own_is_what_its_calls_are_made_with(
    service, administrator, project, headers, upstream, stream
) -> None:
    assert administrator.bring(project).status_code == 200
    assert ask(service, headers, stream=stream).status_code == 200
    assert sent(upstream) == [f"Bearer {SECRET}"]
    assert upstream.exchanges[0].headers["x-operator"] == "sk-upstream-canary"


def test_an_answer_shows_no_more_than_the_last_four(administrator, project) -> None:
    made = administrator.bring(project)
    assert made.json() == {
        "object": "organization.project.credential",
        "id": made.json()["id"],
        "provider": "theirs",
        "project_id": project,
        "user_id": None,
        "base_url": None,
        "last_four": "0001",
        "version": 1,
        "created_at": made.json()["created_at"],
        "rotated_at": made.json()["rotated_at"],
        "checked_at": None,
        "check_error": None,
    }
    path = f"/organization/projects/{project}/credentials"
    listed = administrator.client.get(path)
    one = administrator.client.get(f"{path}/{made.json()['id']}")
    assert listed.json()["data"] == [one.json()] == [made.json()]
    assert SECRET not in made.text + listed.text + one.text


def test_another_project_has_nothing_of_it(service, administrator, project, headers) -> None:
    other = administrator.project(f"{project} other")
    id = administrator.bring(other).json()["id"]
    assert ask(service, headers).json()["error"]["code"] == "credential_missing"
    path = f"/organization/projects/{project}/credentials/{id}"
    for response in (
        administrator.client.get(path),
        administrator.client.delete(path),
        administrator.client.post(f"{path}/validate"),
        administrator.client.post(f"{path}/rotate", json={"api_key": SECRET}),
    ):
        assert response.status_code == 404


def test_there_is_one_for_each_provider_and_owner(administrator, project) -> None:
    assert administrator.bring(project).status_code == 200
    assert administrator.bring(project).status_code == 409
    assert administrator.bring(project, provider="fixed").status_code == 200


def test_a_rotated_one_is_used_from_the_next_call_on(
    service, administrator, project, headers, upstream
) -> None:
    id = administrator.bring(project).json()["id"]
    ask(service, headers)
    path = f"/organization/projects/{project}/credentials/{id}/rotate"
    rotated = administrator.post(path, {"api_key": "sk-brought-canary-0002"}).json()
    assert (rotated["version"], rotated["last_four"]) == (2, "0002")
    ask(service, headers)
    assert sent(upstream) == [f"Bearer {SECRET}", "Bearer sk-brought-canary-0002"]


def test_one_that_was_taken_away_is_missing(service, administrator, project, headers, upstream) -> None:
    id = administrator.bring(project).json()["id"]
    assert ask(service, headers).status_code == 200
    path = f"/organization/projects/{project}/credentials/{id}"
    assert administrator.client.delete(path).json()["deleted"] is True
    assert administrator.client.delete(path).status_code == 404
    assert ask(service, headers).json()["error"]["code"] == "credential_missing"
    assert len(upstream.exchanges) == 1


def test_a_users_own_goes_before_the_projects(service, administrator, project, upstream) -> None:
    administrator.bring(project)
    ada, ben = (administrator.user(project, f"{name}-{project}") for name in ("ada", "ben"))
    scopes = ["inference", "keys.create"]
    adas, bens = (administrator.key(project, user_id=user, scopes=scopes) for user in (ada, ben))
    own = httpx.post(
        service.base_url + "/v1/credentials",
        headers=adas,
        json={"provider": "theirs", "api_key": "sk-adas-own-canary"},
    ).json()
    assert (own["user_id"], own["project_id"]) == (ada, project)
    ask(service, adas)
    ask(service, bens)
    assert sent(upstream) == ["Bearer sk-adas-own-canary", f"Bearer {SECRET}"]
    for user, seen in ((adas, [own["id"]]), (bens, [])):
        listed = httpx.get(service.base_url + "/v1/credentials", headers=user).json()
        assert [each["id"] for each in listed["data"]] == seen
    url = f"{service.base_url}/v1/credentials/{own['id']}"
    assert httpx.get(url, headers=bens).status_code == 404
    assert httpx.delete(url, headers=bens).status_code == 404
    assert httpx.delete(url, headers=adas).status_code == 200


def test_a_key_that_is_nobodys_has_no_own(service, headers, administrator, project) -> None:
    keyed = administrator.key(project)
    body = {"provider": "theirs", "api_key": SECRET}
    refused = httpx.post(service.base_url + "/v1/credentials", headers=keyed, json=body)
    assert refused.status_code == 403


def test_one_is_validated_on_demand(administrator, project) -> None:
    id = administrator.bring(project).json()["id"]
    path = f"/organization/projects/{project}/credentials/{id}"
    checked = administrator.client.post(f"{path}/validate").json()
    assert (checked["valid"], checked["error"]) == (True, None)
    shown = administrator.client.get(path).json()
    assert shown["checked_at"] >= shown["created_at"]
    assert shown["check_error"] is None


def test_one_the_provider_does_not_know_is_told_so(administrator, project) -> None:
    heads: list[bytes] = []

    def answer(head: bytes) -> bytes:
        heads.append(head)
        return b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"

    with tiny_server(answer) as port:
        id = administrator.bring(project, base_url=f"http://127.0.0.1:{port}/own/v1").json()["id"]
        path = f"/organization/projects/{project}/credentials/{id}"
        checked = administrator.client.post(f"{path}/validate").json()
    assert (checked["valid"], checked["error"]) == (False, "upstream_credential_refused")
    assert heads[0].startswith(b"GET /own/v1/models HTTP/1.1")
    assert administrator.client.get(path).json()["check_error"] == "upstream_credential_refused"
    rotated = administrator.post(f"{path}/rotate", {"api_key": SECRET, "base_url": None}).json()
    assert (rotated["check_error"], rotated["base_url"]) == (None, None)


def test_an_address_that_is_brought_sees_only_the_key_that_came_with_it(
    service, administrator, project, headers, upstream
) -> None:
    heads: list[bytes] = []

    def answer(head: bytes) -> bytes:
        heads.append(head.lower())
        return b"HTTP/1.1 500 No\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"

    with tiny_server(answer) as port:
        administrator.bring(project, base_url=f"http://127.0.0.1:{port}/own/v1")
        assert ask(service, headers).status_code >= 500
    assert heads[0].startswith(b"post /own/v1/chat/completions")
    assert f"bearer {SECRET}".encode() in heads[0]
    assert all(b"upstream-canary" not in head and b"x-operator" not in head for head in heads)
    assert upstream.exchanges == []


INSIDE = [
    "http://10.0.0.1/v1",
    "http://169.254.169.254/latest",
    "http://[::1]/v1",
    "https://user:secret@example.com/v1",
    "ftp://example.com/v1",
    "http://example.com:22/v1",
    "https://example.com/v1?x=1",
]


@pytest.mark.parametrize("base_url", INSIDE)
def test_an_address_that_may_not_be_called_is_refused(base_url: str, administrator, project) -> None:
    refused = administrator.bring(project, base_url=base_url)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "base_url")


def test_a_name_that_leads_inside_is_not_called(service, administrator, project, headers) -> None:
    """A literal form that only the resolver understands, and so passes as a name until the socket."""
    assert administrator.bring(project, base_url="http://0x7f.0.0.2:8000/v1").status_code == 200
    answer = ask(service, headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "upstream_unreachable")


def test_an_address_is_taken_only_where_the_operator_allows_it(administrator, project) -> None:
    refused = administrator.bring(project, provider="fixed", base_url="https://example.com")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "base_url")
    refused = administrator.bring(project, provider="nowhere")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "base_url")


@pytest.mark.parametrize("provider", ["ours", "demo", "none"])
def test_a_provider_with_a_credential_of_the_operators_takes_none(provider, administrator, project) -> None:
    refused = administrator.bring(project, provider=provider)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "provider")


@pytest.mark.parametrize("secret", ["sk-with blank", "sk-with\nline", "sk-wíth-accent", "short"])
def test_a_secret_that_no_header_can_carry_is_refused(secret, administrator, project) -> None:
    refused = administrator.bring(project, api_key=secret)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "api_key")
    assert secret not in refused.text


def test_a_refused_one_is_told_in_words_that_help(service, administrator, project, headers, upstream) -> None:
    administrator.bring(project)
    upstream.enqueue(Script(status=401, error=ErrorBody(message=f"bad key {SECRET}")))
    answer = ask(service, headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_credential_refused")
    assert "stored for you" in answer.json()["error"]["message"]
    assert SECRET not in answer.text


def test_the_wire_of_another_kind_carries_it_too(service, administrator, project, headers, upstream) -> None:
    administrator.bring(project, provider="fixed")
    assert ask(service, headers, "agent_fixed").status_code == 200
    assert upstream.exchanges[0].headers["x-api-key"] == SECRET


def test_changes_are_in_the_audit_log_without_the_secret(administrator, project) -> None:
    id = administrator.bring(project).json()["id"]
    path = f"/organization/projects/{project}/credentials/{id}"
    administrator.post(f"{path}/rotate", {"api_key": "sk-brought-canary-0003"})
    administrator.client.delete(path)
    logs = administrator.client.get("/organization/audit_logs", params={"project_ids[]": project})
    types = [each["type"] for each in logs.json()["data"]]
    assert types[:3] == ["credential.deleted", "credential.rotated", "credential.created"]
    assert "canary" not in logs.text


WRITES = ["inference", "agents.read", "agents.write"]


def test_no_agent_is_made_on_a_model_the_operator_left_out(service, administrator, project) -> None:
    headers = administrator.key(project, scopes=WRITES)
    body = {"name": "Sly", "model": "theirs/forbidden-1"}
    refused = httpx.post(service.base_url + "/v1/agents", headers=headers, json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "model")


def test_an_agent_whose_model_was_left_out_later_is_refused(tmp_path, upstream) -> None:
    with service_in_thread(configuration(upstream.base_url), tmp_path) as service:
        administrator = Administrator(service)
        with closing(administrator.client):
            project = administrator.project("shop")
            headers = administrator.key(project, scopes=WRITES)
            administrator.bring(project)
        body = {"name": "Sly", "model": "theirs/also-1"}
        made = httpx.post(service.base_url + "/v1/agents", headers=headers, json=body).json()
        assert ask(service, headers, made["id"]).status_code == 200
        file = tmp_path / "dragoman.toml"
        file.write_text(file.read_text().replace('"*-9"', '"also-*"'))
        service.do(reload(service.settings, service.server.parts, ENVIRON))
        refused = ask(service, headers, made["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "model_not_allowed")
    assert len(upstream.exchanges) == 1


def test_an_agent_of_the_configuration_on_such_a_model_is_told_at_the_start(tmp_path) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text(
        configuration("http://127.0.0.1:9").replace('expose = ["scripted-1"]', 'expose = ["x-1"]')
    )
    with pytest.raises(SettingsError, match=r"theirs.deny_models: leaves out 'x-1'"):
        load(file, {"UPSTREAM_KEY": "x"})


@pytest.mark.parametrize(
    ("model", "served"), [("scripted-1", True), ("also-1", True), ("scripted-9", False), ("other", False)]
)
def test_lists_of_models_are_patterns_and_denied_goes_first(model: str, served: bool) -> None:
    spec = ProviderSpec("x", "openai", allow_models=("scripted-*", "also-*"), deny_models=("*-9",))
    assert spec.serves(model) is served


def test_a_run_in_the_background_uses_it_too(service, administrator, project, headers, upstream) -> None:
    administrator.bring(project)
    body = {"model": "theirs/scripted-1", "input": "Hello!", "background": True}
    url = service.base_url + "/v1/responses"
    made = httpx.post(url, headers=headers, json=body).json()

    def done() -> bool:
        return httpx.get(f"{url}/{made['id']}", headers=headers).json()["status"] == "completed"

    eventually(done)
    assert sent(upstream) == [f"Bearer {SECRET}"]
