"""Commands beside a running service."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli import main
from tests.support.house import Service, service_in_thread

CONFIG = "[providers.demo]\nkind = 'demo'\npace_ms = 0\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_in_thread(CONFIG, tmp_path_factory.mktemp("service")) as running:
        yield running


def config_of(service: Service) -> list[str]:
    return ["--config", str(service.settings.file)]


def say(service: Service, secret: str, message: str) -> None:
    where = ["--url", service.base_url, *config_of(service)]
    main(["chat", "agent_demo", "-m", message, "--key", secret, *where])


def test_chat_prints_the_answer(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    key = service.key(dollars=1)
    say(service, key.secret, "Good day")
    assert capsys.readouterr().out.endswith("You said: Good day\n")


def test_chat_tells_a_refusal(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        say(service, "sk-drg-no", "x")
    assert stop.value.code == 1
    assert capsys.readouterr().err.startswith("Error: ")


def test_chat_tells_a_failing_answer(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    key = service.key(dollars=1)
    with pytest.raises(SystemExit) as stop:
        say(service, key.secret, "/fail cut")
    assert stop.value.code == 1
    assert "ended the stream" in capsys.readouterr().err


def test_chat_says_when_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SystemExit) as stop:
            main(["chat", "agent_demo", "-m", "x", "--key", "k", "--url", url])
    assert stop.value.code == 1
    assert "Is `dragoman serve` running?" in capsys.readouterr().err


def test_usage_and_balance_show_what_an_answer_cost(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    key = service.key(dollars=1)
    say(service, key.secret, "Hello")
    capsys.readouterr()
    main(["usage", "--key", key.id, "--json", *config_of(service)])
    used = json.loads(capsys.readouterr().out)
    main(["balance", "show", key.id, "--json", *config_of(service)])
    balance = json.loads(capsys.readouterr().out)
    assert [(each["model"], each["calls"]) for each in used] == [("demo-1", 1)]
    assert used[0]["charged"] == balance["settled"] != "0.00"
    assert balance["held"] == "0.00"


def test_serve_names_the_port_option_when_the_port_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as stop:
        main(["serve", "--port", str(taken.getsockname()[1])])
    assert stop.value.code == 1
    assert "--port" in capsys.readouterr().err
