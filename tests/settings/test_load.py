"""The configuration file: what it may say, and how its faults are told."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import Raw

from service.settings import Settings, SettingsError, load, load_without_secrets
from service.settings.model import Server
from service.settings.template import TEMPLATE
from specs.prices import Price, Rates
from specs.providers import Timeouts
from specs.secret import Secret

EXAMPLE = """
[server]
host = "127.0.0.1"
port = 8484
[store]
url = "sqlite:///data/dragoman.db"
[models]
"gpt-4-turbo" = "local/scripted-1"
[providers.local]
kind = "openai-compatible"
base_url = "http://127.0.0.1:22100/v1"
api_key = "env:LOCAL_KEY"
headers = { "x-team" = "a" }
expose = ["scripted-1"]
[providers.local.prices."scripted-1"]
input = 2.0
cache_read = 0.2
cache_write = 2.5
output = 8.0
[[agents]]
id = "agent_support"
model = "local/scripted-1"
name = "Support"
instructions = "Be brief."
aliases = ["gpt-4o-mini"]
projects = ["default"]
[agents.settings]
temperature = 0.2
[agents.limits]
max_output_tokens = 4000
max_cost_usd = 0.50
"""


EXAMPLE_LINE = re.compile(r'# (\[|[a-z_]+ = |"gpt)')
"""What is code among the comments of the template."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    file = folder / "dragoman.toml"
    file.write_text(text)
    return load(file, environ)


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text, **environ)
    return [problem.removeprefix(f"{folder / 'dragoman.toml'}: ") for problem in caught.value.problems]


def test_the_example_of_the_documentation_works(folder: Path) -> None:
    settings = loaded(folder, EXAMPLE, LOCAL_KEY="secret")
    assert settings.server == Server()
    assert settings.database == folder / "data/dragoman.db"
    assert settings.models == {"gpt-4-turbo": "local/scripted-1"}
    local = settings.providers[0]
    assert (local.name, local.kind, local.base_url) == (
        "local",
        "openai-compatible",
        "http://127.0.0.1:22100/v1",
    )
    assert local.api_key == Secret("secret")
    assert local.headers == {"x-team": Secret("a")}
    assert local.timeouts == Timeouts(connect=5, first_byte=120, idle=60)


def test_prices_keep_their_decimals(folder: Path) -> None:
    settings = loaded(folder, EXAMPLE, LOCAL_KEY="secret")
    assert settings.pricing["local"].prices == (
        Price(
            "local",
            "scripted-1",
            Rates(
                input=Decimal("2.0"),
                output=Decimal("8.0"),
                cache_read=Decimal("0.2"),
                cache_write=Decimal("2.5"),
            ),
        ),
    )


def test_agents_carry_settings_and_limits(folder: Path) -> None:
    settings = loaded(folder, EXAMPLE, LOCAL_KEY="secret")
    agent = settings.agents[0]
    assert (agent.id, agent.model, agent.aliases) == ("agent_support", "local/scripted-1", ("gpt-4o-mini",))
    assert agent.projects == ("default",)
    assert agent.settings.temperature == 0.2
    assert (agent.limits.max_output_tokens, agent.limits.max_cost) == (4000, 500_000_000)
    assert "model" not in agent.overrides


def test_an_exposed_model_is_an_agent_of_its_own_name(folder: Path) -> None:
    settings = loaded(folder, EXAMPLE, LOCAL_KEY="secret")
    exposed = next(agent for agent in settings.agents if agent.id == "local/scripted-1")
    assert exposed.model == "local/scripted-1"


def test_without_a_file_there_is_the_demo(folder: Path) -> None:
    settings = load(None, {})
    assert settings.file is None
    assert settings.database == folder / "data/dragoman.db"
    assert [(agent.id, agent.model) for agent in settings.agents] == [("agent_demo", "demo/demo-1")]


def test_the_file_in_the_working_directory_is_used(folder: Path) -> None:
    (folder / "dragoman.toml").write_text("[server]\nport = 1234\n")
    assert load(None, {}).server.port == 1234


def test_the_environment_names_a_file(folder: Path) -> None:
    (folder / "other.toml").write_text("[server]\nport = 1234\n")
    assert load(None, {"DRAGOMAN_CONFIG": "other.toml"}).server.port == 1234


def test_a_named_file_that_is_missing_is_an_error(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(Path("missing.toml"), {})


def test_the_template_is_a_valid_configuration(folder: Path) -> None:
    assert loaded(folder, TEMPLATE.read_text()).server == Server()


def test_the_template_with_its_examples_is_valid_too(folder: Path) -> None:
    lines = [line[2:] if EXAMPLE_LINE.match(line) else line for line in TEMPLATE.read_text().splitlines()]
    settings = loaded(folder, "\n".join(lines), LOCAL_KEY="k")
    assert [agent.id for agent in settings.agents] == ["agent_support", "local/llama3.2", "agent_demo"]


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("sqlite:///x.db", "{folder}/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
    ],
)
def test_three_slashes_are_relative_and_four_absolute(folder: Path, url: str, database: str) -> None:
    settings = loaded(folder, f'[store]\nurl = "{url}"')
    assert settings.database == Path(database.format(folder=folder))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[sever]", "sever: unknown; did you mean 'server'?"),
        ("[server]\nprot = 1", "server.prot: unknown; did you mean 'port'?"),
        ("[server]\nport = 'x'", "server.port: expected `int`, got `str`"),
        ("[server]\nport = 70000", "server.port: expected `int` <= 65535"),
        ("[server]\ndrain_seconds = inf", "server.drain_seconds: must be a finite number"),
        ("server = 1", "server: must be a table, not a number"),
        (
            "[store]\nurl = 'data.db'",
            "store.url: must be sqlite:///path (relative to this file's folder), sqlite:////absolute/path, "
            "postgresql://user:password@host/database, or env:NAME or file:PATH of one of these",
        ),
        ("[providers.a]", "providers.a.kind: is required"),
        (
            "[providers.a]\nkind = 'openai-compatibl'\nbase_url = 'http://x'",
            "providers.a.kind: 'openai-compatibl' is unknown; did you mean 'openai-compatible'?",
        ),
        (
            "[providers.a]\nkind = 'openai-compatible'",
            "providers.a.base_url: is required for kind 'openai-compatible'",
        ),
        (
            "[providers.a]\nkind = 'openai-compatible'\nbase_url = 'x'",
            "providers.a.base_url: 'x' must be an http or https address",
        ),
        ("[providers.a]\nkind = 'anthropic'", "providers.a.api_key: is required for kind 'anthropic'"),
        (
            "[providers.a]\nkind = 'openai'\napi_key = 'sk-secret'",
            'providers.a.api_key: must be "env:NAME" or "file:PATH", never the secret itself',
        ),
        (
            "[providers.a]\nkind = 'openai'\napi_key = 'env:NOT_THERE'",
            "providers.a.api_key: the environment variable NOT_THERE is not set",
        ),
        (
            "[providers.a]\nkind = 'demo'\n[providers.a.prices.m]\ninput = -1\noutput = 1",
            "providers.a.prices.m.input: must not be negative, is -1",
        ),
        (
            "[providers.a]\nkind = 'demo'\n[providers.a.prices.m]\ninput = 1\noutput = nan",
            "providers.a.prices.m.output: must be a finite number",
        ),
        (
            "[providers.a]\nkind = 'demo'\nheaders = { 'a b' = 'x' }",
            'providers.a.headers."a b": is no valid header name',
        ),
        ("[[agents]]\nmodel = 'demo/demo-1'", "agents[0].id: is required"),
        ("[[agents]]\nid = 'agent_a'", "agents[0].model: is required"),
        (
            "[[agents]]\nid = 'agent_a'\nmodel = 'demo'",
            "agents[0].model: 'demo' must be provider/model, or a name from [models]; providers: demo",
        ),
        (
            "[[agents]]\nid = 'agent_a'\nmodel = 'dmo/x'",
            "agents[0].model: 'dmo/x' names the provider 'dmo', which is unknown; did you mean 'demo'?",
        ),
        (
            "[[agents]]\nid = 'agent_a'\nmodel = 'demo/x'\n[agents.settings]\ntemprature = 1",
            "agents[0].settings.temprature: unknown; did you mean 'temperature'?",
        ),
        (
            "[[agents]]\nid = 'agent_a'\nmodel = 'demo/x'\noverrides = ['smpling']",
            "agents[0].overrides[0]: must be one of 'sampling', 'max_output_tokens', 'response_format', "
            "'tools', 'instructions', 'model', is 'smpling'",
        ),
        (
            "[[agents]]\nid = 'agent_a'\nmodel = 'demo/x'\n[agents.limits]\nmax_cost_usd = 0.0000000001",
            "agents[0].limits.max_cost_usd: 1E-10 has more than nine decimals",
        ),
        (
            "[models]\n'x' = 'nowhere/y'",
            "models.\"x\": 'nowhere/y' names the provider 'nowhere', which is unknown; known here: 'demo'",
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_is_allowed(folder: Path, text: str, problem: str) -> None:
    assert problems(folder, text) == [problem]


def test_every_fault_is_told_at_once(folder: Path) -> None:
    assert len(problems(folder, "[server]\nport = 'x'\nhosts = 1\n[stor]\n")) == 3


def test_a_file_that_is_no_toml_says_where(folder: Path) -> None:
    assert "not valid TOML" in problems(folder, "[server\n")[0]
    assert "line 1" in problems(folder, "[server\n")[0]


def test_the_secret_itself_is_never_repeated(folder: Path) -> None:
    told = problems(folder, "[providers.a]\nkind = 'openai'\napi_key = 'sk-secret-1234'")
    assert "sk-secret-1234" not in "".join(told)


def test_a_secret_can_come_from_a_file(folder: Path) -> None:
    (folder / "key").write_text("from-file\n")
    settings = loaded(folder, "[providers.a]\nkind = 'openai'\napi_key = 'file:key'")
    assert settings.providers[0].api_key == Secret("from-file")


def test_a_header_can_be_a_secret(folder: Path) -> None:
    settings = loaded(
        folder, "[providers.a]\nkind = 'demo'\nheaders = { 'x-token' = 'env:TOKEN' }", TOKEN="t"
    )
    assert settings.providers[0].headers == {"x-token": Secret("t")}


def test_work_on_the_store_needs_no_secret(folder: Path) -> None:
    (folder / "dragoman.toml").write_text(EXAMPLE)
    assert load_without_secrets(None, {}).database == folder / "data/dragoman.db"


@pytest.mark.parametrize(
    ("variable", "provider", "agent"),
    [
        ("OPENAI_API_KEY", "openai", "agent_openai"),
        ("ANTHROPIC_API_KEY", "anthropic", "agent_anthropic"),
        ("GEMINI_API_KEY", "google", "agent_google"),
    ],
)
def test_a_vendor_key_in_the_environment_brings_an_agent(
    folder: Path, variable: str, provider: str, agent: str
) -> None:
    settings = loaded(folder, "", **{variable: "k"})
    assert next(spec.api_key for spec in settings.providers if spec.name == provider) == Secret("k")
    assert agent in [each.id for each in settings.agents]


def test_a_configured_provider_of_that_name_wins(folder: Path) -> None:
    text = "[providers.openai]\nkind = 'openai'\napi_key = 'env:MINE'"
    settings = loaded(folder, text, OPENAI_API_KEY="theirs", MINE="mine")
    assert [spec.api_key for spec in settings.providers if spec.name == "openai"] == [Secret("mine")]
    assert [agent.id for agent in settings.agents] == ["agent_demo"]


def test_the_demo_can_be_switched_off(folder: Path) -> None:
    settings = loaded(folder, "[providers.demo]\nkind = 'demo'\nenabled = false")
    assert settings.agents == ()
    assert settings.providers == ()


def test_the_demo_agent_can_be_replaced(folder: Path) -> None:
    settings = loaded(folder, "[[agents]]\nid = 'agent_demo'\nmodel = 'demo/x'\nname = 'Mine'")
    assert [(agent.id, agent.name) for agent in settings.agents] == [("agent_demo", "Mine")]


def test_a_bare_name_stands_for_its_model(folder: Path) -> None:
    settings = loaded(folder, "[models]\nfast = 'demo/demo-1'\n[[agents]]\nid = 'agent_a'\nmodel = 'fast'")
    assert settings.agents[0].model == "demo/demo-1"


AGENT = "[[agents]]\nid = '{id}'\nmodel = 'demo/x'\naliases = {aliases}\n{projects}\n"


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (("agent_a", ["x"], ""), ("agent_b", ["x"], ""), True),
        (("agent_a", [], ""), ("agent_b", ["agent_a"], ""), True),
        (("agent_a", [], ""), ("agent_a", [], ""), True),
        (("agent_a", ["x"], "projects = ['p']"), ("agent_b", ["x"], "projects = ['q']"), False),
        (("agent_a", ["x"], "projects = ['p', 'q']"), ("agent_b", ["x"], "projects = ['q']"), True),
        (("agent_a", ["x"], "projects = ['p']"), ("agent_b", ["x"], ""), True),
    ],
)
def test_names_are_unique_in_a_project(
    folder: Path, one: tuple[str, list[str], str], other: tuple[str, list[str], str], clash: bool
) -> None:
    text = "".join(
        AGENT.format(id=id, aliases=aliases, projects=projects) for id, aliases, projects in (one, other)
    )
    if clash:
        assert "is also a name of the agent 'agent_a'" in problems(folder, text)[0]
    else:
        assert len(loaded(folder, text).agents) == 3


def test_an_agent_can_bring_function_tools(folder: Path) -> None:
    text = (
        "[[agents]]\nid = 'agent_a'\nmodel = 'demo/x'\n"
        "[[agents.tools]]\ntype = 'function'\nname = 'add'\n"
        "parameters = { type = 'object', properties = { a = { type = 'number', minimum = 0.5 } } }"
    )
    tool = loaded(folder, text).agents[0].functions[0]
    assert tool.name == "add"
    assert tool.parameters == Raw(b'{"type":"object","properties":{"a":{"type":"number","minimum":0.5}}}')


BOTH = 'api_key = "env:K"\nentra = {tenant_id = "t", client_id = "c", client_secret = "env:K"}'


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ("", "providers.az.api_key: give either"),
        (BOTH, "give either"),
    ],
)
def test_azure_wants_a_key_or_an_identity(folder: Path, extra: str, problem: str) -> None:
    text = f'[providers.az]\nkind = "azure"\nbase_url = "https://x.example/openai/v1"\n{extra}\n'
    with pytest.raises(SettingsError, match=re.escape(problem)):
        loaded(folder, text, K="k")
