"""The settings as data: the tables that are taken as they are written, and all of them together. Field names
are the keys of the configuration file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from service.settings.auth import Auth
from service.settings.rows import (
    ActionRow,
    AgentRow,
    Count,
    LimitRow,
    McpRow,
    ProviderRow,
    Seconds,
    WebSearchRow,
)
from service.settings.store import shown
from specs.actions import ActionSpec
from specs.addresses import AddressPolicy
from specs.agents import CAPABILITIES, Agent, Capability
from specs.limits import DEFAULT_RULES, Rules
from specs.mcp import McpSpec
from specs.prices import Price
from specs.providers import ProviderSpec
from specs.secret import Secret

Port: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]
DEFAULT_REMEMBERED_BYTES = 64 * 1024 * 1024


class Server(Struct, frozen=True):
    """[server]: what listens, and what it takes in."""

    host: str = "127.0.0.1"
    port: Port = 8484
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose forwarded headers are believed; none by default."""
    cors_origins: tuple[str, ...] = ()
    """Origins that browsers may call from; none by default."""
    max_body_bytes: Count = 32 * 1024 * 1024
    max_in_flight: Count = 1024
    """Requests served at once; one more is answered 503."""
    request_seconds: Seconds = 60.0
    """How long a request may take to arrive; a body gets a second more for each KiB."""
    drain_seconds: Seconds = 20.0
    """How long open streams may go on after a stop was asked for."""
    replicas: Count = 1
    """Services that share the work; each enforces its share of the limits."""


class Store(Struct, frozen=True):
    """[store]: where everything is kept."""

    url: str = "sqlite:///data/dragoman.db"
    """SQLite's path is relative to the configuration file's folder; four slashes make it absolute. A
    PostgreSQL database may be shared by any number of replicas; as its address holds a password, it can be
    `env:NAME` or `file:PATH`."""
    remembered_bytes: Annotated[int, Meta(ge=0)] = DEFAULT_REMEMBERED_BYTES
    """Memory for conversations and chains of responses that are gone on with, so that a turn reads only what
    is new; 0 remembers none."""


class Metrics(Struct, frozen=True):
    """[metrics]: where Prometheus reads `GET /metrics`, on a listener of its own that asks for no key."""

    host: str = "127.0.0.1"
    port: Port = 0
    """9464 by custom; 0 listens nowhere."""


class Telemetry(Struct, frozen=True):
    """[telemetry]: what the service tells of itself for finding out."""

    watch_loop: bool = False
    """True logs what keeps the event loop from turning for 50 ms, and where it stood."""


class Engine(Struct, frozen=True):
    """[engine]: how runs behave."""

    attempts: Count = 2
    """Tries at one model call, the first included."""
    first_event_seconds: Seconds = 5.0
    """How long the status line of a stream waits for the first upstream event."""
    heartbeat_seconds: Seconds = 15.0
    """Between two comments on a quiet stream."""
    stall_seconds: Seconds = 60.0
    """A reader that takes nothing for so long is cut."""
    buffer_bytes: Count = 64 * 1024
    """What may wait between a run and one reader."""
    run_seconds: Seconds = 3600.0
    """The most time a run may take."""
    max_background: Count = 256
    """Responses made in the background at once; further ones wait, queued."""
    max_background_waiting: Count = 1_000
    """How many may wait; one more is answered 503."""


class Ledger(Struct, frozen=True):
    """[ledger]: how holds are sized and watched."""

    default_output_tokens: Count = 16_384
    """What an answer is held for where neither caller, agent nor model gives a cap."""
    min_output_tokens: Count = 256
    """A cap is lowered no further than this; what cannot pay for it is refused."""
    house_usd_per_key_day: Decimal = Decimal(1)
    """What failed attempts of one key may cost the operator in a day."""


class Directory(Struct, frozen=True):
    """[directory]: which agents are served, and what those made over the API may have."""

    supported_ids: tuple[str, ...] = ()
    """The only agents that are served; empty is every one."""
    excluded_ids: tuple[str, ...] = ()
    """Agents that are not served."""
    private_only: bool = False
    """Whether agents made over the API are seen by their owners alone, however they are shared."""
    capabilities: tuple[Capability, ...] = CAPABILITIES
    """Types of tool that agents made over the API may have."""
    max_project_bytes: Count = 1024**3
    """What the agents of one project may have together, all their versions counted."""

    def has(self, id: str) -> bool:
        """Whether the agent of this id is served."""
        return id not in self.excluded_ids and (not self.supported_ids or id in self.supported_ids)


class Egress(Struct, frozen=True):
    """[egress]: where calls may go that someone other than the operator chose."""

    allow: tuple[str, ...] = ()
    """Hosts, addresses and networks, with a port if need be, that are open beyond the public internet."""
    deny: tuple[str, ...] = ()
    """The same, closed; goes before `allow`."""


class Idempotency(Struct, frozen=True):
    """[idempotency]: requests that carry an Idempotency-Key."""

    hours: Annotated[float, Meta(gt=0, le=24 * 30)] = 24.0
    """How long an answer is given again to the same request."""


class Files(Struct, frozen=True):
    """[files]: what callers may store, and how much of it one request may show to a model."""

    path: str = ""
    """The folder they lie in, relative to the configuration file's; empty is `files` in the data's folder.
    Replicas need one that all of them share."""
    max_file_bytes: Count = 512 * 1024 * 1024
    """The largest file; a larger one is answered 413."""
    max_project_bytes: Count = 100 * 1024**3
    """What the files of one project may have together."""
    max_input_bytes: Count = 32 * 1024 * 1024
    """What the files that one request names may have together: they go to the model whole."""


class Responses(Struct, frozen=True):
    """[responses]: what is kept of answers."""

    store_forbidden_projects: tuple[str, ...] = ()
    """Names of projects whose answers and conversations are never kept; none by default."""
    retention_days: Count = 30
    """How long a response is kept; conversations stay until they are deleted."""
    strict_keys: tuple[str, ...] = ()
    """Ids of keys whose answers have the names of Open Responses, as its header asks for."""
    strict_agents: tuple[str, ...] = ()
    """Ids of agents whose answers have them."""


class WebSocket(Struct, frozen=True):
    """[websocket]: the Responses API over WebSockets."""

    max_per_key: Count = 100
    """Connections one key may have open; one more is answered 429."""
    max_message_bytes: Count = 16 * 1024 * 1024
    """The largest message, and what may wait on one connection; a larger one ends it."""
    max_queued: Count = 16
    """Messages that may wait for their turn; one more is answered with an error."""
    max_seconds: Seconds = 3600.0
    """How long a connection may last."""


class Tools(Struct, frozen=True):
    """[tools]: what every call that the server runs is held to."""

    argument_bytes: Count = 64 * 1024
    result_bytes: Count = 256 * 1024
    seconds: Seconds = 60.0
    listing_seconds: Annotated[float, Meta(ge=0)] = 300.0
    """How long what a server offers is remembered; 0 asks it in every run."""
    approval_seconds: Annotated[int, Meta(ge=1, le=31_536_000)] = 86_400
    """How long a caller may take to approve a call; later is a denial."""


class File(Struct, frozen=True):
    """A whole configuration file, after the environment was laid over it."""

    server: Server = Server()
    auth: Auth = Auth()
    store: Store = Store()
    egress: Egress = Egress()
    limits: tuple[LimitRow, ...] = ()
    directory: Directory = Directory()
    engine: Engine = Engine()
    files: Files = Files()
    idempotency: Idempotency = Idempotency()
    ledger: Ledger = Ledger()
    metrics: Metrics = Metrics()
    responses: Responses = Responses()
    telemetry: Telemetry = Telemetry()
    websocket: WebSocket = WebSocket()
    models: dict[str, str] = {}
    """Bare model names and the `provider/model` each stands for."""
    providers: dict[str, ProviderRow] = {}
    tools: Tools = Tools()
    actions: dict[str, ActionRow] = {}
    web_search: WebSearchRow = WebSearchRow()
    mcp: dict[str, McpRow] = {}
    agents: tuple[AgentRow, ...] = ()


class Environment(Struct, frozen=True):
    """What only the environment says."""

    admin_key_file: Path | None = None
    secret_key_file: Path | None = None
    quiet: bool = False
    """True prints no first-start welcome (in containers)."""


class Pricing(Struct, frozen=True):
    """What the operator said about a provider's prices."""

    base_url: str
    """Where it is reached; finds its rates in the public table."""
    prices: tuple[Price, ...] = ()
    free: bool = False
    fallback: Price | None = None
    """For every model that has no price of its own."""


class Settings(Struct, frozen=True):
    """Everything the operator configured, checked and resolved."""

    folder: Path
    """The configuration file's folder, or the working directory: relative paths start here."""
    file: Path | None
    database: Path | Secret
    """The SQLite file, or PostgreSQL's whole address."""
    server: Server = Server()
    auth: Auth = Auth()
    directory: Directory = Directory()
    engine: Engine = Engine()
    files: Files = Files()
    ledger: Ledger = Ledger()
    idempotency: Idempotency = Idempotency()
    metrics: Metrics = Metrics()
    remembered_bytes: int = DEFAULT_REMEMBERED_BYTES
    """See `Store`."""
    responses: Responses = Responses()
    telemetry: Telemetry = Telemetry()
    websocket: WebSocket = WebSocket()
    addresses: AddressPolicy = AddressPolicy()
    limits: Rules = DEFAULT_RULES
    models: dict[str, str] = {}
    providers: tuple[ProviderSpec, ...] = ()
    pricing: dict[str, Pricing] = {}
    tools: Tools = Tools()
    actions: tuple[ActionSpec, ...] = ()
    web_search: WebSearchRow = WebSearchRow()
    mcp: tuple[McpSpec, ...] = ()
    agents: tuple[Agent, ...] = ()
    environment: Environment = Environment()

    @property
    def data_folder(self) -> Path:
        """Where the service keeps what is not in the database: beside an SQLite file, else in `data`."""
        return self.database.parent if isinstance(self.database, Path) else self.folder / "data"

    @property
    def files_folder(self) -> Path:
        """Where the bytes of stored files lie."""
        return self.folder / self.files.path if self.files.path else self.data_folder / "files"

    @property
    def database_name(self) -> str:
        """The database as logs and messages may show it."""
        return str(self.database) if isinstance(self.database, Path) else shown(self.database)

    @property
    def secret_key_file(self) -> Path:
        """The key that seals what is secret in the database; not in the database's folder by default."""
        return self.environment.secret_key_file or self.folder / "dragoman.key"

    @property
    def admin_key_file(self) -> Path:
        """Where the first start writes the administration key."""
        return self.environment.admin_key_file or self.data_folder / "admin.key"
