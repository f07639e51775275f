"""A run with a canary in every secret field: none sings in a log, a body, an event, a metric or the database.

The service is a process of its own, its provider echoes what it is sent wherever it can, and every byte
that comes out is kept and searched.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.sync.client import connect

from service.http.routes import API_HANDLERS
from service.settings.model import File
from service.settings.shapes import fields_of, members, structs_in
from specs.secret import Secret
from tests.support.exchange import Exchange
from tests.support.patience import PATIENCE
from tests.support.processes import Service, free_port
from tests.support.script import ErrorBody, Script
from tests.support.upstream import Upstream, upstream_in_thread

CANARIES = {
    name: f"canary-{number:02}-8d1f0c52"
    for number, name in enumerate(
        (
            "api_key",
            "header_env",
            "header_file",
            "header_text",
            "letters_file",
            "client_secret",
            "value",
            "user_password",
            "token",
            "oauth_secret",
            "projects",
            "rotated",
            "refused",
            "users",
            "wrong_key",
            "authorization",
            "key",
            "agent_header",
            "agent_bearer",
            "agent_action",
            "mcp_header",
            "mcp_token",
            "prompt",
            "answer",
        )
    )
}
PLANTED = {"api_key", "client_secret", "value", "password", "token", "authorization", "key"}
"""The secret fields of the configuration; a new one has to be planted here too."""
ACTIONS = {
    "api_key": 'name = "x-key", value = "env:CANARY_VALUE"',
    "basic": 'user = "ada", password = "env:CANARY_USER_PASSWORD"',
    "bearer": 'token = "env:CANARY_TOKEN"',
    "client_credentials": 'token_url = "https://ping.example.com/token", client_id = "a", '
    'client_secret = "env:CANARY_OAUTH_SECRET"',
}
PING = {
    "openapi": "3.1.0",
    "info": {"title": "Ping", "version": "1"},
    "paths": {"/ping": {"get": {"operationId": "ping", "responses": {"200": {"description": "pong"}}}}},
}
STATUSES = (400, 401, 403, 404, 409, 422, 429, 500, 503)


def configuration(upstream: str) -> str:
    return f"""
[mcp.wiki]
url = "https://ping.example.com/mcp"
authorization = "env:CANARY_AUTHORIZATION"
[web_search]
backend = "brave"
key = "env:CANARY_KEY"
price_usd = 0
[providers.ours]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "env:CANARY_API_KEY"
free = true
expose = ["scripted-1"]
[providers.ours.headers]
x-env = "env:CANARY_HEADER_ENV"
x-file = "file:header.secret"
x-text = "{CANARIES["header_text"]}"
[providers.letters]
kind = "anthropic"
base_url = "{upstream}"
api_key = "file:letters.secret"
free = true
expose = ["scripted-1"]
[providers.cloud]
kind = "azure"
base_url = "{upstream}/v1"
free = true
expose = ["scripted-1"]
[providers.cloud.entra]
tenant_id = "tenant"
client_id = "client"
client_secret = "env:CANARY_CLIENT_SECRET"
[providers.theirs]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "user_provided"
free = true
expose = ["scripted-1"]
""" + "".join(
        f"""
[actions.{kind}]
document = "ping.json"
server = "https://ping.example.com"
auth = {{ type = "{kind}", {auth} }}
"""
        for kind, auth in ACTIONS.items()
    )


def echo(exchange: Exchange) -> Script | None:
    """Answer with everything that came, in the place the prompt names."""
    asked = json.dumps(exchange.body)
    came = " ".join(value for name, value in exchange.headers.items() if "canary" in value)
    for status in STATUSES:
        if f"ECHO-{status}" in asked:
            return Script(status=status, error=ErrorBody(message=f"No: {came}", code=came, param=came))
        if f"RAW-{status}" in asked:
            return Script(status=status, error=f"<html>{came}</html>".encode())
    if "ECHO-LATE" in asked:
        return Script(text=("some", "text"), fail_after_events=2, error=ErrorBody(message=came, code=came))
    return Script(text=(CANARIES["answer"],)) if "ANSWER" in asked else None


class Witness:
    """Asks the service for things, and keeps every byte of its answers."""

    def __init__(self, base_url: str) -> None:
        self.seen: list[str] = []
        self.client = httpx.Client(base_url=base_url, event_hooks={"response": [self._keep]})

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        self.seen.append(f"{response.request.url}\n{response.headers!r}\n{response.text}")

    def ask(self, method: str, path: str, key: str, **more: Any) -> httpx.Response:
        """Make a request with a key."""
        headers = {"authorization": f"Bearer {key}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as found:
        yield found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "header.secret").write_text(CANARIES["header_file"])
    (folder / "letters.secret").write_text(CANARIES["letters_file"])
    file = folder / "dragoman.toml"
    file.write_text(configuration(upstream.base_url))
    (folder / "ping.json").write_text(json.dumps(PING))
    planted = {f"CANARY_{name.upper()}": value for name, value in CANARIES.items()}
    planted["DRAGOMAN__METRICS__PORT"] = str(free_port())
    service = Service(file, environment=planted)
    service.start()
    yield service
    if service.is_running():
        service.kill()


def secret_fields(kind: object = File, seen: frozenset[object] = frozenset()) -> set[str]:
    """The names of the configuration's fields that hold secrets."""
    found: set[str] = set()
    for struct in _structs_below(kind):
        if struct in seen:
            continue
        for field in fields_of(struct):
            if Secret in members(field.type):
                found.add(field.name)
            found |= secret_fields(field.type, seen | {struct})
    return found


def _structs_below(kind: object) -> list[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    inner = [each for member in members(kind) for each in getattr(member, "__args__", ())]
    return [*structs_in(kind), *(struct for each in inner for struct in structs_in(each))]


def test_every_secret_field_of_the_configuration_is_planted() -> None:
    assert secret_fields() == PLANTED


def test_no_canary_sings(service: Service, upstream: Upstream) -> None:
    upstream.answer_with(echo)
    witness = Witness(service.base_url)
    with witness.client:
        keys = drive(service, witness)
        metrics = witness.client.get(
            f"http://127.0.0.1:{service.environment()['DRAGOMAN__METRICS__PORT']}/metrics"
        )
    assert metrics.status_code == 200
    printed = [service.run(*command).decode() for command in COMMANDS]
    assert service.stop() == 0
    came = " ".join(str(exchange.headers) for exchange in upstream.exchanges)
    for name in (
        "api_key",
        "header_env",
        "header_file",
        "header_text",
        "letters_file",
        "projects",
        "rotated",
    ):
        assert CANARIES[name] in came, f"the provider never got {name}: the test proves nothing"
    secrets = {name: value for name, value in CANARIES.items() if name not in ("prompt", "answer")} | keys
    for name, value in secrets.items():
        assert_silent(name, value, "an answer", "\n".join(witness.seen))
        assert_silent(name, value, "what a command printed", "\n".join(printed))
    for name, value in {**CANARIES, **keys}.items():
        assert_silent(name, value, "the log", service.log.read_text(errors="replace"))
        assert_silent(name, value, "the metrics", metrics.text)
        for file, content in stored(service.config.parent / "data"):
            assert_silent(name, value, file, content)
    sealing = (service.config.parent / "dragoman.key").read_bytes().split()[0]
    for file, content in stored(service.config.parent / "data"):
        assert base64.b64decode(sealing).decode("latin-1") not in content, file


SENT = ("api_key", "header_env", "header_file", "header_text", "letters_file", "projects", "rotated", "users")
COMMANDS = (
    ("config", "check"),
    ("keys", "list", "--json"),
    ("agents", "list"),
    ("agents", "export", "--project", "shop"),
    ("usage", "--json"),
    ("doctor", "--json"),
    ("secrets", "rotate", "--json"),
)


def assert_silent(name: str, value: str, where: str, text: str) -> None:
    """The canary is not there: as it is, in base64, in hexadecimal."""
    raw = value.encode()
    for form in (value, base64.b64encode(raw).decode().rstrip("=")[:-1], raw.hex()):
        at = text.find(form)
        assert at < 0, f"{name} sings in {where}: …{text[max(0, at - 200) : at + 80]}…"


def stored(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of the data folder, byte for byte, but the one that is there to hold a key."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "admin.key"]
    assert any(file.suffix == ".db" for file in files)
    for file in files:
        yield file.name, file.read_bytes().decode("latin-1")


def drive(service: Service, witness: Witness) -> dict[str, str]:
    """Do everything that has to do with a secret; gives the keys that were made on the way."""
    admin = service.create_key("--scopes", "admin", name="admin")
    project, headers = _project(witness, admin)
    user = _user(witness, admin, project)
    _bring(witness, admin, project, user)
    _equip(witness, headers)
    keys = {"plain": headers, "user": user, "admin": admin}
    _run(witness, headers, user)
    _connect(witness, headers)
    _misuse(witness, admin, project, headers)
    _look(witness, admin, headers)
    _converse(service, witness, headers)
    return {f"key of {name}": key.removeprefix("sk-drg-") for name, key in keys.items()}


def _project(witness: Witness, admin: str) -> tuple[str, str]:
    project = witness.ask("POST", "/v1/organization/projects", admin, json={"name": "shop"}).json()["id"]
    path = f"/v1/organization/projects/{project}/api_keys"
    body = {
        "name": "plain",
        "unlimited": True,
        "scopes": ["inference", "agents.read", "agents.write", "files", "conversations"],
    }
    key = _forgotten(witness, witness.ask("POST", path, admin, json=body))
    return project, key


def _user(witness: Witness, admin: str, project: str) -> str:
    asked = {"name": "ada", "email": "ada@example.test", "permissions": ["keys.use", "keys.create"]}
    user = witness.ask("POST", "/v1/organization/users", admin, json=asked).json()["id"]
    member = {"user_id": user, "role": "member"}
    witness.ask("POST", f"/v1/organization/projects/{project}/users", admin, json=member)
    body = {"name": "ada", "user_id": user, "unlimited": True, "scopes": ["inference", "keys.create"]}
    path = f"/v1/organization/projects/{project}/api_keys"
    return _forgotten(witness, witness.ask("POST", path, admin, json=body))


def _forgotten(witness: Witness, made: httpx.Response) -> str:
    """A new key's secret, whose one showing is not held against anybody."""
    assert made.status_code == 200, made.text
    witness.seen.pop()
    return made.json()["value"]


def _bring(witness: Witness, admin: str, project: str, user: str) -> None:
    path = f"/v1/organization/projects/{project}/credentials"
    body = {"provider": "theirs", "api_key": CANARIES["projects"]}
    id = witness.ask("POST", path, admin, json=body).json()["id"]
    chat = {"model": "theirs/scripted-1", "messages": [{"role": "user", "content": "ECHO-401"}]}
    own = witness.ask("POST", "/v1/credentials", user, json={**body, "api_key": CANARIES["users"]}).json()[
        "id"
    ]
    witness.ask("POST", "/v1/chat/completions", user, json=chat)
    witness.ask("POST", f"/v1/credentials/{own}/validate", user)
    witness.ask("DELETE", f"/v1/credentials/{own}", user)
    witness.ask("POST", "/v1/chat/completions", user, json=chat)
    witness.ask("POST", f"{path}/{id}/validate", admin)
    witness.ask("POST", f"{path}/{id}/rotate", admin, json={"api_key": CANARIES["rotated"]})


def _equip(witness: Witness, key: str) -> None:
    """Agents whose tools have credentials, made, changed, refused, shown and run."""
    server = {"type": "mcp", "server_label": "wiki", "server_url": "https://ping.example.com/mcp"}
    given = {"headers": {"x-key": CANARIES["agent_header"]}, "authorization": CANARIES["agent_bearer"]}
    auth = {"type": "bearer", "token": CANARIES["agent_action"]}
    action = {
        "type": "openapi",
        "openapi": {"name": "ping", "spec": PING, "server": "https://ping.example.com"},
    }
    armed = {**action, "openapi": {**action["openapi"], "auth": auth}}
    body = {"model": "ours/scripted-1", "tools": [{**server, **given}, armed]}
    made = witness.ask("POST", "/v1/agents", key, json=body)
    assert made.status_code == 200, made.text
    agent = made.json()["id"]
    wrong = {**server, **given, "server_url": "nowhere"}
    witness.ask("POST", f"/v1/agents/{agent}", key, json={"tools": [wrong]})
    witness.ask("POST", f"/v1/agents/{agent}", key, json={"tools": [server, action], "name": "Equipped"})
    for path in (f"/v1/agents/{agent}", f"/v1/agents/{agent}/versions", "/v1/agents"):
        witness.ask("GET", path, key)
    for prompt in ("ANSWER", "ECHO-400"):
        asked = {"model": agent, "input": prompt, "store": False}
        witness.ask("POST", "/v1/responses", key, json=asked)
    witness.ask("POST", f"/v1/agents/{agent}/restore", key, json={"version": 1})


def _run(witness: Witness, key: str, user: str) -> None:
    """Every provider, every way an answer can fail, whole and as a stream, stored and not."""
    prompts = [f"{kind}-{status}" for kind in ("ECHO", "RAW") for status in STATUSES] + [
        "ECHO-LATE",
        "ANSWER",
    ]
    for provider in ("ours", "letters", "cloud", "theirs"):
        for prompt in prompts if provider in ("ours", "theirs") else ("ECHO-401", "RAW-500", "ANSWER"):
            text = f"{prompt} {CANARIES['prompt']}"
            chat = {"model": f"{provider}/scripted-1", "messages": [{"role": "user", "content": text}]}
            for stream in (False, True):
                witness.ask("POST", "/v1/chat/completions", key, json={**chat, "stream": stream})
                asked = {"model": f"{provider}/scripted-1", "input": text, "store": False, "stream": stream}
                witness.ask("POST", "/v1/responses", key, json=asked)
    stored = {"model": "ours/scripted-1", "input": "ECHO-500", "store": True}
    witness.ask("POST", "/v1/responses", key, json=stored)
    chat = {"model": "ours/scripted-1", "messages": [{"role": "user", "content": "ANSWER"}]}
    for _ in range(2):
        witness.ask("POST", "/v1/chat/completions", key, json=chat, headers={"idempotency-key": "once"})
    background = {"model": "ours/scripted-1", "input": "ECHO-401", "background": True}
    witness.ask("POST", "/v1/responses", key, json=background)
    witness.ask("POST", "/v1/chat/completions", user, json={**chat, "model": "theirs/scripted-1"})


def _connect(witness: Witness, key: str) -> None:
    """Servers of requests, which cannot be reached, and requests that are refused for them."""
    url, token = "https://ping.example.com/mcp", CANARIES["mcp_token"]
    tool: dict[str, Any] = {"type": "mcp", "server_label": "ping", "server_url": url, "authorization": token}
    tool["headers"] = {"x-key": CANARIES["mcp_header"]}
    asked = {"model": "ours/scripted-1", "input": "Hello", "tools": [tool]}
    for more in ({}, {"stream": True}, {"background": True}, {"store": False}):
        made = witness.ask("POST", "/v1/responses", key, json={**asked, **more})
        assert made.status_code == 200, made.text
    for wrong in ({"server_url": f"https://{token}@ping.example.com"}, {"authorization": f"{token}\n"}):
        refused = {**asked, "tools": [{**tool, **wrong}]}
        assert witness.ask("POST", "/v1/responses", key, json=refused).status_code == 400
    server = {"type": "url", "name": "ping", "url": url, "authorization_token": token}
    said = {"model": "ours/scripted-1", "max_tokens": 100, "mcp_servers": [server]}
    said["messages"] = [{"role": "user", "content": "ANSWER"}]
    assert witness.ask("POST", "/v1/messages", key, json=said).status_code == 200


def _misuse(witness: Witness, admin: str, project: str, key: str) -> None:
    """Secrets in places and forms where they are refused."""
    path = f"/v1/organization/projects/{project}/credentials"
    secret = CANARIES["refused"]
    for body in (
        {"provider": "ours", "api_key": secret},
        {"provider": "none", "api_key": secret},
        {"provider": "theirs", "api_key": f"{secret} {secret}"},
        {"provider": "theirs", "api_key": [secret]},
        {"provider": "theirs", "api_key": {secret: secret}},
        {"provider": "theirs", "api_key": secret, "base_url": f"https://x:{secret}@example.com"},
        {"provider": "theirs", "api_key": secret, "base_url": "http://127.0.0.1:1"},
    ):
        assert witness.ask("POST", path, admin, json=body).status_code == 400
    broken = f'{{"provider": "theirs", "api_key": "{secret}'.encode()
    typed = {"content-type": "application/json"}
    assert witness.ask("POST", path, admin, content=broken, headers=typed).status_code == 400
    assert witness.ask("GET", "/v1/models", CANARIES["wrong_key"]).status_code == 401
    assert witness.ask("POST", path, key, json={"provider": "theirs", "api_key": secret}).status_code == 403
    witness.ask("GET", "/v1/key", key, headers={"x-api-key": CANARIES["wrong_key"]})


def _look(witness: Witness, admin: str, key: str) -> None:
    """Every route that shows anything, with either key."""
    for handler in API_HANDLERS:
        if "GET" in handler.http_methods:
            for path in handler.paths:
                for each in (admin, key):
                    witness.ask(
                        "GET", f"/v1{path.replace(':str', '').replace('{', '').replace('}', '')}", each
                    )
    witness.ask("GET", "/schema", key)
    for project in witness.ask("GET", "/v1/organization/projects", admin).json()["data"]:
        for part in ("credentials", "api_keys", "users", "service_accounts"):
            witness.ask("GET", f"/v1/organization/projects/{project['id']}/{part}", admin)
    witness.ask("GET", "/v1/organization/audit_logs/export?format=csv", admin)


def _converse(service: Service, witness: Witness, key: str) -> None:
    url = service.base_url.replace("http", "ws") + "/v1/responses"
    turn = {"type": "response.create", "model": "ours/scripted-1", "input": "ECHO-401", "store": False}
    with connect(url, additional_headers={"authorization": f"Bearer {key}"}) as socket:
        socket.send(json.dumps(turn))
        while True:
            message = str(socket.recv(timeout=PATIENCE))
            witness.seen.append(message)
            if json.loads(message)["type"] in ("response.failed", "response.completed", "error"):
                break
