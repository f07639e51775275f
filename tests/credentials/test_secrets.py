"""Credentials outlive the key that sealed them, and open nowhere but where they were stored."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.app import reload
from service.cli import main
from service.secrets import BadKeyFile, Sealer, Unsealable, add_key, drop_old_keys
from service.store.credentials import about
from tests.credentials.conftest import SECRET, Administrator, ask, configuration
from tests.support.house import ENVIRON, Service, service_in_thread
from tests.support.upstream import Upstream

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def own_service(tmp_path: Path, upstream: Upstream) -> Iterator[Service]:
    """A service whose keys a test may replace."""
    with service_in_thread(configuration(upstream.base_url), tmp_path) as found:
        yield found


@pytest.fixture
def run(own_service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command beside the service, as its operator would."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, Any]:
        code = 0
        try:
            main([*arguments, "--config", str(own_service.settings.file), "--json"])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out = capsys.readouterr().out  # the service in this process logs there too
        return code, json.JSONDecoder().raw_decode(out, out.index("{\n"))[0]

    return command


def keyed(service: Service) -> tuple[Administrator, dict[str, str]]:
    """A project with a credential, and a key of it."""
    administrator = Administrator(service)
    project = administrator.project("shop")
    assert administrator.bring(project).status_code == 200
    return administrator, administrator.key(project)


def change(service: Service, statement: str) -> None:
    """Change the database as someone could who can write it."""
    with sqlite3.connect(str(service.settings.database)) as connection:
        connection.execute(statement)
    connection.close()


def test_a_new_key_seals_what_is_stored_while_the_service_goes_on(own_service, run, upstream) -> None:
    administrator, headers = keyed(own_service)
    with closing(administrator.client):
        assert ask(own_service, headers).status_code == 200
        assert run("secrets", "rotate") == (0, {"stored": 1, "unreadable": []})
        assert len(own_service.settings.secret_key_file.read_bytes().split()) == 2
        own_service.house.vault.forget()
        assert ask(own_service, headers).status_code == 200
        own_service.do(reload(own_service.settings, own_service.server.parts, ENVIRON))
        assert run("secrets", "drop-old") == (0, {"stored": 1, "unreadable": []})
        assert len(own_service.settings.secret_key_file.read_bytes().split()) == 1
        own_service.do(reload(own_service.settings, own_service.server.parts, ENVIRON))
        assert ask(own_service, headers).status_code == 200
    assert {each.headers["authorization"] for each in upstream.exchanges} == {f"Bearer {SECRET}"}
    assert own_service.settings.secret_key_file.stat().st_mode & 0o777 == 0o600


def test_the_doctor_opens_every_credential(own_service, run) -> None:
    administrator, headers = keyed(own_service)
    with closing(administrator.client):
        code, found = run("doctor")
        assert (code, found["credentials"]) == (0, {"stored": 1, "unreadable": []})
        change(own_service, "update credentials set base_url = 'https://thief.example'")
        code, found = run("doctor")
        assert (code, found["ok"], len(found["credentials"]["unreadable"])) == (1, False, 1)
        assert run("secrets", "drop-old")[0] == 1
        own_service.house.vault.forget()
        answer = ask(own_service, headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "credential_unreadable")


@pytest.mark.parametrize(
    "swap",
    [
        "update credentials set owner = 'user_thief'",
        "update credentials set provider = 'fixed'",
        "update credentials set sealed = substr(sealed, 1, length(sealed) - 1)",
        "update credentials set id = 'cred_other'",
    ],
)
def test_one_that_was_moved_or_altered_does_not_open(swap: str, own_service, run) -> None:
    administrator, _ = keyed(own_service)
    with closing(administrator.client):
        change(own_service, swap)
        assert len(run("doctor")[1]["credentials"]["unreadable"]) == 1


def test_what_an_old_key_sealed_opens_until_it_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "key"
    sealer = Sealer(file)
    old = sealer.seal(b"text", about="place")
    add_key(file)
    assert sealer.open(old, about="place") == b"text"
    assert Sealer(file).open(old, about="place") == b"text"
    assert not Sealer(file).is_current(old, about="place")
    new = Sealer(file).seal(b"text", about="place")
    assert sealer.open(new, about="place") == b"text"
    assert drop_old_keys(file) == 1
    with pytest.raises(Unsealable):
        Sealer(file).open(old, about="place")
    assert Sealer(file).open(new, about="place") == b"text"


@pytest.mark.parametrize("content", [b"", b"short", b"bm90IDMyIGJ5dGVz\n", b"\xff\xfe"])
def test_a_file_that_holds_no_keys_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(BadKeyFile):
        Sealer(tmp_path / "key").seal(b"text", about="place")


def test_places_cannot_be_confused() -> None:
    assert about("a", "b", "", "c", None) != about("a", "b", "c", "", None)
    assert about("a", "b", "", "c", "d") != about("a", "b", "", "c", None)
