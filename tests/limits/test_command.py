"""`dragoman limits`, beside a running service."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.cli import main
from tests.limits.test_service import chat
from tests.support.house import Service

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(service: Service, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["limits", *arguments, "--config", str(service.settings.file)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_limits_are_set_shown_and_taken_back(service: Service, run: Run) -> None:
    key = service.key()
    code, out, _ = run(key.id, "--requests-per-minute", "0", "--parallel-runs", "4")
    assert (code, "requests_per_minute: 0" in out, "tokens_per_minute: configured" in out) == (0, True, True)
    assert "parallel_runs: 4" in run(key.id)[1]
    assert run(key.id, "--requests-per-minute", "configured")[0] == 0
    assert "requests_per_minute: configured" in run(key.id)[1]
    assert chat(service, key).status_code == 200


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_what_is_no_number_is_refused(number: str, service: Service, run: Run) -> None:
    assert run(service.key().id, f"--tokens-per-minute={number}")[0] == 2


def test_a_key_that_is_none_is_told(run: Run) -> None:
    code, _, err = run("key_none", "--parallel-runs", "1")
    assert (code, "There is no valid key 'key_none'" in err) == (1, True)
