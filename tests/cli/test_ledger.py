"""`dragoman ledger` beside a running service."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from service.cli import main
from specs.money import parse_usd
from tests.support.house import Service, service_in_thread

CONFIG = "[providers.demo]\nkind = 'demo'\npace_ms = 0\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_in_thread(CONFIG, tmp_path_factory.mktemp("ledger")) as running:
        yield running


@pytest.fixture
def run(service: Service, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `dragoman ledger …`: its exit code, what it printed, and what it complained of."""

    def command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["ledger", *arguments, "--config", str(service.settings.file)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture(scope="module")
def answer(service: Service) -> httpx.Response:
    """An answer that was paid for."""
    body = {"model": "agent_demo", "input": "Hello!"}
    headers = service.key(dollars=1).headers
    return httpx.post(f"{service.base_url}/v1/responses", json=body, headers=headers)


def invoice(folder: Path, answer: httpx.Response, cost: str) -> str:
    """A provider's invoice of one line, for the day of the answer."""
    file = folder / "invoice.csv"
    day = datetime.fromtimestamp(answer.json()["created_at"], UTC).date().isoformat()
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([["Model", "Cost", "Date"], ["demo-1", cost, day]])
    return str(file)


def test_a_report_shows_a_charge(run: Run, answer: httpx.Response) -> None:
    id, cost = answer.json()["id"], answer.headers["x-dragoman-cost-usd"]
    code, out, _ = run("report", id)
    assert code == 0
    assert f"response  {id}" in out
    assert "step 0, attempt 1: demo/demo-1, as reported" in out
    assert f"total     ${cost}" in out
    _, shown, _ = run("report", id, "--json")
    assert json.loads(shown)["total"]["charged"] == cost


def test_a_report_of_nothing_says_so(run: Run) -> None:
    code, _, err = run("report", "resp_none")
    assert (code, err) == (1, "Error: There is no charge for 'resp_none'.\n")


def test_an_invoice_that_agrees_is_fine(run: Run, answer: httpx.Response, tmp_path: Path) -> None:
    file = invoice(tmp_path, answer, answer.headers["x-dragoman-cost-usd"])
    code, out, _ = run("reconcile", "--provider", "demo", "--tolerance", "0.000000001", file)
    assert (code, out.splitlines()[0]) == (0, "Invoice and ledger agree.")


def test_an_invoice_that_differs_is_told_by_day_and_model(
    run: Run, answer: httpx.Response, tmp_path: Path
) -> None:
    code, out, _ = run("reconcile", "--provider", "demo", invoice(tmp_path, answer, "3.00"), "--json")
    (difference,) = json.loads(out)["differences"]
    assert (code, difference["model"], difference["invoiced"]) == (1, "demo-1", "3.00")
    charged = parse_usd(answer.headers["x-dragoman-cost-usd"])
    assert parse_usd(difference["difference"]) == 3 * 10**9 - charged


@pytest.mark.parametrize(("provider", "text"), [("nobody", "demo"), ("demo", "no column for the cost")])
def test_what_cannot_be_compared_is_told(run: Run, tmp_path: Path, provider: str, text: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("date,model\n2027-01-15,m\n")
    code, _, err = run("reconcile", "--provider", provider, str(file))
    assert code == 1
    assert text in err
