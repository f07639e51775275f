"""The commands, against a database of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from service import VERSION
from service.cli import main
from specs.scopes import DATA_SCOPES, SCOPES

ROOT = Path(__file__).resolve().parents[2]


class Result:
    """What a command printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder, without an environment of ours."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "DRAGOMAN_CONFIG",
        "DRAGOMAN_API_KEY",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str) -> Result:
        code = 0
        try:
            main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return command


@pytest.fixture
def key(run: Run) -> dict[str, Any]:
    return run("keys", "create", "--name", "ci", "--balance", "10", "--json").json


def test_the_version_is_that_of_the_project(run: Run) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert run("version").out == f"dragoman {VERSION}\n"
    assert run("version", "--json").json == {"version": VERSION}


def test_the_version_needs_nothing_heavy() -> None:
    code = (
        "import sys\nfrom service.cli import main\n"
        "try: main(['version'])\nexcept SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('aiohttp', 'litestar', 'yaml', 'sqlite3')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "version"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == f"dragoman {VERSION}\n"


@pytest.mark.parametrize("arguments", [["frobnicate"], ["keys"], ["keys", "create"], ["version", "--no"]])
def test_what_is_not_understood_exits_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert result.out == ""


def test_help_lists_every_command(run: Run) -> None:
    out = run("--help").out
    commands = ["serve", "init", "config", "agents", "chat", "keys", "balance", "usage", "doctor", "version"]
    assert all(re.search(rf"^  {name} ", out, re.MULTILINE) for name in commands)


def test_init_writes_a_configuration_that_is_all_right(run: Run) -> None:
    assert run("init").code == 0
    checked = run("config", "check")
    assert (checked.code, "all right" in checked.out) == (0, True)


def test_init_leaves_what_is_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text("# mine")
    result = run("init")
    assert (result.code, result.err) == (1, "Error: dragoman.toml exists already; it was left as it is.\n")
    assert (tmp_path / "dragoman.toml").read_text() == "# mine"


def test_config_check_tells_every_fault_and_exits_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[server]\nprot = 1\n[stor]\n")
    result = run("config", "check", "--config", "x.toml")
    assert result.code == 1
    assert result.err.count("Error: ") == 2
    shown = run("config", "check", "--config", "x.toml", "--json")
    assert (shown.code, shown.json["ok"], len(shown.json["problems"])) == (1, False, 2)


def test_config_check_tells_missing_prices(run: Run, tmp_path: Path) -> None:
    provider = 'kind = "openai-compatible"\nbase_url = "http://127.0.0.1:1/v1"\nexpose = ["llama3"]\n'
    (tmp_path / "dragoman.toml").write_text(f"[providers.local]\n{provider}")
    result = run("config", "check")
    assert (result.code, result.err) == (
        1,
        'Error: No price for "local/llama3". Add [providers.local.prices."llama3"] '
        "or free = true under [providers.local].\n",
    )


def test_agents_are_listed(run: Run) -> None:
    assert "agent_demo" in run("agents", "list").out
    assert [agent["id"] for agent in run("agents", "list", "--json").json] == ["agent_demo"]


def test_an_agent_file_is_checked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("---\nmodel: demo/x\n---\nHello")
    (tmp_path / "bad.md").write_text("---\nmodl: demo/x\n---\nHello")
    assert run("agents", "check", "good.md").out == "good.md: all right. agent_good on demo/x.\n"
    bad = run("agents", "check", "bad.md")
    assert bad.code == 1
    assert "did you mean 'model'?" in bad.err


def test_a_new_key_is_shown_once_with_what_it_may_do(run: Run, key: dict[str, Any]) -> None:
    assert re.fullmatch(r"sk-drg-[a-z2-7]{52}", key["key"])
    assert key["scopes"] == list(DATA_SCOPES)
    assert (key["project"], key["agents"], key["balance"], key["expires_at"]) == (
        "default",
        None,
        "10.00",
        None,
    )
    listed = run("keys", "list", "--json")
    assert key["key"] not in listed.out
    assert [each["id"] for each in listed.json] == [key["id"]]


def test_a_key_without_a_balance_says_so(run: Run) -> None:
    result = run("keys", "create", "--name", "poor")
    assert "Its balance is $0.00" in result.out
    assert "dragoman balance add key_" in result.out


def test_an_unlimited_key_has_no_end(run: Run) -> None:
    made = run("keys", "create", "--name", "rich", "--unlimited", "--json").json
    assert (made["unlimited"], made["balance"]) == (True, None)
    assert run("balance", "show", made["id"], "--json").json["available"] is None
    assert "without limit" in run("balance", "show", made["id"]).out


def test_a_project_is_made_when_absent(run: Run) -> None:
    made = run("keys", "create", "--name", "a", "--project", "team", "--json").json
    assert made["project"] == "team"
    assert [each["id"] for each in run("keys", "list", "--project", "team", "--json").json] == [made["id"]]
    assert run("keys", "list", "--project", "other", "--json").json == []


def test_scopes_agents_and_expiry_are_kept(run: Run) -> None:
    options = ["--scopes", "inference", "--agents", "agent_a, agent_b", "--expires", "30d"]
    made = run("keys", "create", "--name", "a", *options, "--json").json
    assert (made["scopes"], made["agents"]) == (["inference"], ["agent_a", "agent_b"])
    assert abs(made["expires_at"] - time.time() - 30 * 86400) < 60


def test_an_admin_key_is_marked_as_one(run: Run) -> None:
    made = run("keys", "create", "--name", "boss", "--scopes", "admin", "--json").json
    assert made["key"].startswith("sk-drg-admin-")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--scopes", "inferenc"], f"unknown scope 'inferenc'; allowed: {', '.join(SCOPES)}"),
        (["--balance", "ten"], "'ten' is not an amount of money"),
        (["--balance", "-1"], "must not be negative"),
        (["--balance", "1", "--unlimited"], "exclude each other"),
        (["--expires", "soon"], "no span (30d, 12h) and no date"),
        (["--expires", "2020-01-01"], "is in the past"),
        (["--project", ""], "must be 1 to 128 printable characters"),
    ],
)
def test_a_key_that_cannot_be_is_refused(run: Run, options: list[str], told: str) -> None:
    result = run("keys", "create", "--name", "x", *options)
    assert result.code == 2
    assert told in " ".join(result.err.split())
    assert not Path("data").exists()


def test_a_revoked_key_stays_revoked(run: Run, key: dict[str, Any]) -> None:
    assert run("keys", "revoke", key["id"]).out == f"Revoked {key['id']}.\n"
    assert run("keys", "list", "--json").json[0]["state"] == "revoked"


def test_a_balance_is_exact_and_can_be_raised(run: Run, key: dict[str, Any]) -> None:
    raised = run("balance", "add", key["id"], "0.000000001", "--json").json
    assert list(raised) == ["key_id", "account_id", "granted", "settled", "held", "available"]
    assert raised["granted"] == raised["available"] == "10.000000001"
    assert run("balance", "show", key["id"], "--json").json == raised


def test_what_is_not_spent_can_be_taken_back(run: Run, key: dict[str, Any]) -> None:
    shown = run("balance", "add", "--json", "--", key["id"], "-4").json
    assert Decimal(shown["available"]) == 6
    refused = run("balance", "add", "--", key["id"], "-7")
    assert (refused.code, "Traceback" in refused.err) == (1, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["balance", "show", "key_x"],
        ["balance", "add", "key_x", "1"],
        ["usage", "--key", "key_x"],
        ["keys", "revoke", "key_x"],
    ],
)
def test_an_unknown_key_is_told(run: Run, key: dict[str, Any], arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 1
    assert "There is no key 'key_x'" in result.err


@pytest.mark.parametrize(
    "arguments", [["keys", "list"], ["balance", "show", "key_x"], ["usage"], ["doctor"]], ids=" ".join
)
def test_without_a_database_a_command_says_how_to_make_one(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 1
    assert "There is no database at" in result.err
    assert not Path("data").exists()


def test_a_file_that_is_no_database_is_told_without_a_traceback(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dragoman.db").write_bytes(b"not a database" * 100)
    result = run("keys", "list")
    assert result.code == 1
    assert result.err == f"Error: The database {tmp_path}/data/dragoman.db cannot be opened or is locked.\n"


def test_doctor_finds_new_books_in_order(run: Run, key: dict[str, Any]) -> None:
    result = run("doctor")
    assert result.code == 0
    assert [line.split()[:2] for line in result.out.splitlines()[:8]] == [
        [f"I{n}", "ok"] for n in range(1, 9)
    ]
    assert "Total overrun: $0.00" in result.out
    assert run("doctor", "--json").json["ok"] is True


def test_doctor_exits_1_when_the_books_are_wrong(run: Run, key: dict[str, Any]) -> None:
    import sqlite3

    with sqlite3.connect("data/dragoman.db") as connection:
        connection.execute("update accounts set granted = granted + 1")
    connection.close()
    result = run("doctor", "--json")
    assert result.code == 1
    assert [each["name"] for each in result.json["invariants"] if not each["ok"]] == ["I1"]
    assert "I1  broken" in run("doctor").out


def test_usage_is_empty_before_any(run: Run, key: dict[str, Any]) -> None:
    assert run("usage", "--json").json == []
    assert run("usage").out == "Nothing was used yet.\n"


def test_the_store_is_reached_without_the_providers_secrets(run: Run, tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text(
        '[providers.local]\nkind = "openai"\napi_key = "env:NOT_SET_HERE"\nfree = true\n'
    )
    assert run("keys", "create", "--name", "a").code == 0
    assert "NOT_SET_HERE is not set" in run("serve").err
