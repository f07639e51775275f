"""The tables of docs/ are complete and true: settings, fields of requests, errors, commands, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from providers.kinds import KINDS, READY
from service.cli import COMMANDS
from service.http.routes import API_HANDLERS, TOP_HANDLERS
from service.settings import model, rows
from service.settings.auth import OIDC
from service.settings.overlay import PLAIN
from specs import errors
from specs.anthropic.messages import CreateMessage
from specs.openai.chat import ChatRequest
from specs.openai.responses import CreateResponse
from specs.providers import Timeouts
from specs.requests import FunctionTool, ResponseFormat, Settings
from specs.scopes import SCOPES
from tests.support.documents import ROOT

SECTIONS = [
    *(
        ("configuration", f"## `[{field.name}]`", field.type)
        for field in msgspec.structs.fields(model.File)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    ),
    ("configuration", "### `[auth.oidc]`", OIDC),
    ("configuration", "## `[[limits]]`", rows.LimitRow),
    ("configuration", "## `[providers.NAME]`", rows.ProviderRow),
    ("configuration", "## `[actions.NAME]`", rows.ActionRow),
    ("configuration", "## `[mcp.NAME]`", rows.McpRow),
    ("configuration", "### `[providers.NAME.entra]`", rows.EntraRow),
    ("configuration", "### `[providers.NAME.timeouts]`", Timeouts),
    ("configuration", '### `[providers.NAME.prices."MODEL"]`', rows.PriceRow),
    ("agents", "## Fields", rows.AgentRow),
    ("agents", "### `[agents.settings]`", Settings),
    ("agents", "### `[agents.limits]`", rows.AgentLimits),
    ("agents", "### `[[agents.tools]]`", FunctionTool),
    ("agents", "### `response_format`", ResponseFormat),
]
INNER_ERRORS = {
    errors.BudgetExhausted,
    errors.ClientGone,
    errors.SchemaMismatch,
    errors.UpstreamError,
}
"""Those that end a run otherwise, or a start, or are the root of others."""
FURTHER_CODES = {
    ("400", "invalid_request_error", "model_not_allowed"),
    ("400", "invalid_request_error", "files_too_large"),
    ("400", "invalid_request_error", "invalid_beta"),
    ("400", "invalid_request_error", "websocket_connection_limit_reached"),
    ("401", "authentication_error", "api_keys_disabled"),
    ("401", "authentication_error", "expired_api_key"),
    ("401", "authentication_error", "expired_token"),
    ("413", "invalid_request_error", "file_too_large"),
    ("500", "server_error", "price_missing"),
}
"""Codes that are given where an error is raised."""
_ROW = re.compile(r"^\| `(\w+)` \| (.+?) \|", re.MULTILINE)


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text()


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next."""
    _, found, rest = page(name).partition(f"\n{heading}\n")
    assert found, f"docs/{name}.md has no {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def default_of(field: msgspec.structs.FieldInfo) -> str | None:
    """A field's default as TOML writes it; None where the table describes it in words."""
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, msgspec.Struct):
        return None
    if value is None or value is msgspec.UNSET:
        return "none"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.mark.parametrize(("name", "heading", "struct"), SECTIONS, ids=[heading for _, heading, _ in SECTIONS])
def test_a_table_of_settings_is_complete_and_its_defaults_are_true(
    name: str, heading: str, struct: type[msgspec.Struct]
) -> None:
    documented = dict(_ROW.findall(section(name, heading)))
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    assert documented.keys() == fields.keys()
    wrong = [
        f"{key}: documented {documented[key]}, is {default}"
        for key, field in fields.items()
        if (default := default_of(field)) is not None and documented[key] != default
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("heading", "struct"),
    [("## Chat Completions", ChatRequest), ("## Responses", CreateResponse), ("## Messages", CreateMessage)],
)
def test_every_field_of_a_request_is_described(heading: str, struct: type[msgspec.Struct]) -> None:
    described = re.findall(r"`([\w.]+)`", section("apis", heading))
    missing = [
        field.encode_name for field in msgspec.structs.fields(struct) if field.encode_name not in described
    ]
    assert not missing


def _errors(kind: type[errors.DragomanError] = errors.DragomanError) -> Iterator[type[errors.DragomanError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


def test_the_table_of_errors_holds_those_a_caller_can_get_and_no_others() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| `(\w+)` \|", section("apis", "## Errors"), re.MULTILINE)
    there = {(str(each.status), each.type, each.code) for each in _errors() if each not in INNER_ERRORS}
    assert set(rows) == there | FURTHER_CODES


def test_every_kind_of_provider_and_every_ready_one_is_described() -> None:
    text = page("configuration")
    assert [kind for kind in KINDS if f'`"{kind}"`' not in text] == []
    assert [
        row.agent for row in READY if f"`{row.agent}`" not in section("configuration", "### Ready providers")
    ] == []


def test_every_variable_is_described() -> None:
    text = section("configuration", "## Environment")
    assert [name for name in PLAIN if f"`{name}`" not in text] == []


def test_every_scope_is_described() -> None:
    assert [scope for scope in SCOPES if f"`{scope}`" not in section("keys-and-money", "## Keys")] == []


def test_every_command_is_described() -> None:
    text = page("operations")
    assert [name for name in COMMANDS if not re.search(rf"`dragoman {name}\b", text)] == []


def test_every_route_is_described() -> None:
    text = section("apis", "## Routes")
    handlers = [*(("/v1", each) for each in API_HANDLERS), *TOP_HANDLERS]
    routes = [prefix + path for prefix, handler in handlers for path in handler.paths]
    assert [path for path in routes if re.sub(r"{\w+:\w+}", "{id}", path) not in text] == []


def test_every_event_of_the_log_that_is_described_is_written() -> None:
    table = re.findall(r"^\| (`.+?`) \|", section("operations", "## Logs"), re.MULTILINE)
    described = [event for cell in table for event in re.findall(r"`(\w+)`", cell)]
    code = "".join(file.read_text() for file in (ROOT / "service").rglob("*.py"))
    assert described
    assert [event for event in described if f'"{event}"' not in code] == []


def test_every_metric_that_is_described_is_told() -> None:
    described = re.findall(r"`(dragoman_\w+)`", section("operations", "## Metrics"))
    code = (ROOT / "service" / "telemetry" / "exposition.py").read_text()
    assert described
    assert [metric for metric in described if f'"{metric}"' not in code] == []
