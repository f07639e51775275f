"""The environment over the file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, load
from specs.secret import Secret

FILE = """
[providers.my-local]
kind = "openai-compatible"
base_url = "http://127.0.0.1:1/v1"
[providers.my-local.prices."llama-3.2"]
input = 1
output = 1
[[agents]]
id = "agent_a"
model = "my-local/llama-3.2"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dragoman.toml"
    path.write_text(FILE)
    return path


def with_environment(file: Path, **environ: str) -> Settings:
    return load(file, environ)


def problem(file: Path, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(file, environ)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "section", "field", "value"),
    [
        ("DRAGOMAN__SERVER__PORT", "9000", "server", "port", 9000),
        ("DRAGOMAN__SERVER__HOST", "0.0.0.0", "server", "host", "0.0.0.0"),
        ("DRAGOMAN__SERVER__HOST", "12", "server", "host", "12"),
        ("DRAGOMAN__SERVER__DRAIN_SECONDS", "2.5", "server", "drain_seconds", 2.5),
        ("DRAGOMAN__SERVER__CORS_ORIGINS", '["http://a"]', "server", "cors_origins", ("http://a",)),
        (
            "DRAGOMAN__SERVER__CORS_ORIGINS",
            "http://a, http://b",
            "server",
            "cors_origins",
            ("http://a", "http://b"),
        ),
        ("DRAGOMAN__LEDGER__HOUSE_USD_PER_KEY_DAY", "0.1", "ledger", "house_usd_per_key_day", Decimal("0.1")),
    ],
)
def test_a_variable_is_read_as_its_setting_wants(
    file: Path, name: str, text: str, section: str, field: str, value: object
) -> None:
    settings = with_environment(file, **{name: text})
    assert getattr(getattr(settings, section), field) == value


def test_names_of_the_operator_are_found_however_they_are_spelled(file: Path) -> None:
    settings = with_environment(
        file,
        DRAGOMAN__PROVIDERS__MY_LOCAL__BASE_URL="http://127.0.0.1:2/v1",
        DRAGOMAN__PROVIDERS__MY_LOCAL__TIMEOUTS__IDLE="7",
        DRAGOMAN__PROVIDERS__MY_LOCAL__PRICES__LLAMA_3_2__INPUT="0.3",
        DRAGOMAN__PROVIDERS__MY_LOCAL__API_KEY="env:KEY",
        KEY="k",
    )
    local = settings.providers[0]
    assert (local.base_url, local.timeouts.idle, local.api_key) == ("http://127.0.0.1:2/v1", 7.0, Secret("k"))
    assert settings.pricing["my-local"].prices[0].rates.input == Decimal("0.3")


def test_a_provider_can_be_made_by_the_environment_alone(file: Path) -> None:
    settings = with_environment(
        file,
        DRAGOMAN__PROVIDERS__OTHER__KIND="openai-compatible",
        DRAGOMAN__PROVIDERS__OTHER__BASE_URL="http://x/v1",
        DRAGOMAN__PROVIDERS__OTHER__FREE="true",
        DRAGOMAN__PROVIDERS__OTHER__EXPOSE="m1,m2",
    )
    assert {"other/m1", "other/m2"} <= {agent.id for agent in settings.agents}


@pytest.mark.parametrize("place", ["AGENT_A", "0"])
def test_an_agent_is_named_by_id_or_position(file: Path, place: str) -> None:
    settings = with_environment(file, **{f"DRAGOMAN__AGENTS__{place}__LIMITS__MAX_COST_USD": "0.25"})
    assert settings.agents[0].limits.max_cost == 250_000_000


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("DRAGOMAN__SERVR__PORT", "DRAGOMAN__SERVER__PORT"),
        ("DRAGOMAN__SERVER__PROT", "DRAGOMAN__SERVER__PORT"),
        ("DRAGOMAN__PROVIDERS__MY_LOCAL__BASEURL", "DRAGOMAN__PROVIDERS__MY_LOCAL__BASE_URL"),
        ("DRAGOMAN_SERVER_PORT", "DRAGOMAN__SERVER__PORT"),
        ("DRAGOMAN_QUITE", "DRAGOMAN_QUIET"),
        ("DRAGOMAN_CONFG", "DRAGOMAN_CONFIG"),
        ("DRAGOMANCONFIG", "DRAGOMAN_CONFIG"),
    ],
)
def test_an_unknown_variable_names_the_nearest_known_one(file: Path, name: str, nearest: str) -> None:
    assert problem(file, **{name: "1"}) == f"environment: {name}: unknown; did you mean {nearest!r}?"


def test_a_value_that_does_not_fit_names_its_variable(file: Path) -> None:
    told = problem(file, DRAGOMAN__SERVER__PORT="many")
    assert told == "environment variable DRAGOMAN__SERVER__PORT: server.port: expected `int`, got `str`"


def test_the_known_variables_are_known(file: Path, tmp_path: Path) -> None:
    settings = with_environment(
        file,
        DRAGOMAN_QUIET="1",
        DRAGOMAN_ADMIN_KEY_FILE=str(tmp_path / "admin"),
        DRAGOMAN_SECRET_KEY_FILE=str(tmp_path / "kek"),
        DRAGOMAN_API_KEY="sk",
    )
    assert settings.environment.quiet
    assert settings.admin_key_file == tmp_path / "admin"
    assert settings.environment.secret_key_file == tmp_path / "kek"


def test_the_admin_key_lies_beside_the_database_by_default(file: Path) -> None:
    assert with_environment(file).admin_key_file == file.parent / "data/admin.key"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DRAGOMAN_SERVICE_HOST", "10.0.0.1"),
        ("DRAGOMAN_SERVICE_PORT_HTTP", "8484"),
        ("DRAGOMAN_PORT", "tcp://10.0.0.1:8484"),
        ("DRAGOMAN_PORT_8484_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_what_kubernetes_injects_is_no_mistake(file: Path, name: str, value: str) -> None:
    assert with_environment(file, **{name: value}).server.port == 8484


def test_a_port_without_a_section_is_a_mistake(file: Path) -> None:
    assert "did you mean" in problem(file, DRAGOMAN_PORT="9000")
