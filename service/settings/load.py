"""Finds and reads the configuration: file, environment, agent files; checks it as a whole."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from service.settings.actions import to_action_specs
from service.settings.agents import read_folder
from service.settings.auth import check_auth
from service.settings.catalog import agents_of
from service.settings.egress import to_policy
from service.settings.limits import to_rules
from service.settings.mcp import to_mcp_specs
from service.settings.model import Environment, File, Settings
from service.settings.overlay import overlay
from service.settings.problems import Problems, SettingsError
from service.settings.providers import check_served, ready_rows, to_pricing, to_spec
from service.settings.rows import ProviderRow
from service.settings.secrets import Resolver, resolver, unresolved
from service.settings.shapes import Json, Reader
from service.settings.store import read_url
from specs.agents import Agent
from specs.providers import ProviderSpec
from specs.secret import Secret

DEFAULT_FILE = "dragoman.toml"


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the configuration at `path`, else where the environment says, else ./dragoman.toml if present.

    Raises SettingsError with everything that is wrong.
    """
    return _load(path, environ, lambda folder: resolver(environ, folder))


def load_without_secrets(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The same, but look no secret up: for commands that work on the store beside a running server."""
    return _load(path, environ, lambda _: unresolved)


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file to use; None when there is none.

    Raises SettingsError when one is named that does not exist.
    """
    named = path or (Path(environ["DRAGOMAN_CONFIG"]) if environ.get("DRAGOMAN_CONFIG") else None)
    if named is None:
        return Path(DEFAULT_FILE).resolve() if Path(DEFAULT_FILE).is_file() else None
    if not named.is_file():
        raise SettingsError([f"{named}: there is no such file"])
    return named.resolve()


class _Source(Struct, frozen=True):
    """A configuration read but not yet checked as a whole."""

    file: Path | None
    folder: Path
    rows: File
    where: Callable[[str], str]
    resolve: Resolver


def _load(
    path: Path | None, environ: Mapping[str, str], make_resolver: Callable[[Path], Resolver]
) -> Settings:
    problems = Problems()
    file = find_file(path, environ)
    folder = file.parent if file else Path.cwd()
    laid = overlay(_read_toml(file), environ, problems)
    home = str(file) if file else "settings"
    resolve = make_resolver(folder)
    reader = Reader(problems, where=lambda at: laid.origin(at) or home, secret=resolve)
    rows = reader.struct(laid.table, File, "")
    problems.check()
    assert isinstance(rows, File)
    source = _Source(file, folder, rows, lambda at: laid.origin(at) or home, resolve)
    settings = _assemble(source, environ, problems)
    check_served(settings, lambda at, what: problems.add(source.where(at), at, what))
    problems.check()
    return settings


def _read_toml(file: Path | None) -> dict[str, Json]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file}: not valid TOML: {error}"]) from None
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read: {error.strerror}"]) from None


def _assemble(source: _Source, environ: Mapping[str, str], problems: Problems) -> Settings:
    rows = source.rows
    ready = ready_rows(rows.providers, environ)
    enabled = {name: row for name, row in (rows.providers | ready).items() if row.enabled}
    specs = _provider_specs(enabled, source, problems)
    note = _noter(source, problems)
    check_auth(rows.auth, note)
    return Settings(
        folder=source.folder,
        file=source.file,
        database=_database(source, environ, problems),
        server=rows.server,
        auth=rows.auth,
        engine=rows.engine,
        files=rows.files,
        ledger=rows.ledger,
        directory=rows.directory,
        idempotency=rows.idempotency,
        metrics=rows.metrics,
        remembered_bytes=rows.store.remembered_bytes,
        responses=rows.responses,
        telemetry=rows.telemetry,
        websocket=rows.websocket,
        addresses=to_policy(rows.egress, note),
        limits=to_rules(rows.limits, note),
        models=rows.models,
        providers=specs,
        pricing={spec.name: to_pricing(spec.name, enabled[spec.name]) for spec in specs},
        tools=rows.tools,
        actions=to_action_specs(rows.actions, source.folder, note),
        web_search=rows.web_search,
        mcp=to_mcp_specs(rows.mcp, source.folder, source.resolve, note),
        agents=_agents(source, enabled, frozenset(ready), problems),
        environment=_environment(environ),
    )


def _noter(source: _Source, problems: Problems) -> Callable[[str, str], None]:
    """Notes (path, what is wrong), with the place that said it."""
    return lambda at, what: problems.add(source.where(at), at, what)


def _provider_specs(
    enabled: Mapping[str, ProviderRow], source: _Source, problems: Problems
) -> tuple[ProviderSpec, ...]:
    note = _noter(source, problems)
    specs = (to_spec(name, row, source.resolve, note) for name, row in enabled.items())
    return tuple(spec for spec in specs if spec is not None)


def _agents(
    source: _Source, enabled: Mapping[str, ProviderRow], ready: frozenset[str], problems: Problems
) -> tuple[Agent, ...]:
    return agents_of(
        source.rows,
        enabled=enabled,
        ready=ready,
        files=read_folder(source.folder / "agents", problems),
        created_at=int(source.file.stat().st_mtime) if source.file else 0,
        note=lambda at, what, where=None: problems.add(where or source.where(at), at, what),
    )


def _database(source: _Source, environ: Mapping[str, str], problems: Problems) -> Path | Secret:
    try:
        return read_url(source.rows.store.url, source.folder, environ)
    except ValueError as error:
        problems.add(source.where("store.url"), "store.url", str(error))
        return source.folder


def _environment(environ: Mapping[str, str]) -> Environment:
    def path(name: str) -> Path | None:
        return Path(environ[name]).expanduser().absolute() if environ.get(name) else None

    return Environment(
        admin_key_file=path("DRAGOMAN_ADMIN_KEY_FILE"),
        secret_key_file=path("DRAGOMAN_SECRET_KEY_FILE"),
        quiet=environ.get("DRAGOMAN_QUIET", "").lower() not in ("", "0", "false", "no"),
    )
