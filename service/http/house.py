"""What a request finds behind the door: the parts of the service, and the key it came with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from litestar.connection import ASGIConnection

if TYPE_CHECKING:
    from service.engine.approvals import Approvals
    from service.engine.background import Background
    from service.engine.counting import Counting
    from service.engine.runs import Runs
    from service.engine.state import State
    from service.engine.threads import ThreadDesk
    from service.engine.vault import Vault
    from service.http.auth import KeyRing
    from service.http.idempotency import Idempotency
    from service.http.oidc.sign_in import SignIns
    from service.ledger.desk import Desk
    from service.limits import Limiter
    from service.settings.model import Settings
    from service.store.access import Access
    from service.store.agents import Agents
    from service.store.agents_desk import AgentDesk
    from service.store.archive import Archive
    from service.store.key_rates import SqlKeyRates
    from service.store.ports import Accounts, KeyRecord
    from service.store.upload_desk import UploadDesk
    from service.telemetry.metrics import Gauges, Metrics
    from specs.providers import ProviderSpec


@dataclass(slots=True)
class House:
    """The parts, as `service.app` puts them together."""

    settings: Settings
    agents: Agents
    agent_desk: AgentDesk
    runs: Runs
    state: State
    background: Background
    threads: ThreadDesk
    keys: KeyRing
    sign_ins: SignIns | None
    """Opens the door to tokens; None where no issuer is configured."""
    limits: Limiter
    key_rates: SqlKeyRates
    vault: Vault
    approvals: Approvals
    provider_spec: Callable[[str], ProviderSpec | None]
    """How the provider of a name is configured now."""
    accounts: Accounts
    desk: Desk
    access: Access
    counting: Counting
    archive: Archive
    uploads: UploadDesk
    ready: Callable[[], Awaitable[None]]
    """Raises StoreUnavailable when the database cannot be written."""
    metrics: Metrics
    gauges: Gauges
    idempotency: Idempotency
    sockets: Counter[str] = field(default_factory=Counter)
    """Open WebSockets, by key."""
    draining: bool = False
    """True once the server was told to stop: new work is refused."""

    def keeps_content(self, key: KeyRecord) -> bool:
        """Whether what a key's project sends and gets may be stored."""
        return key.project_name not in self.settings.responses.store_forbidden_projects


def house_of(connection: ASGIConnection[Any, Any, Any, Any]) -> House:
    """The house a request came to."""
    return cast("House", connection.scope["state"]["house"])


def key_of(connection: ASGIConnection[Any, Any, Any, Any]) -> KeyRecord:
    """The key a request was let in with."""
    return cast("KeyRecord", connection.scope["state"]["key"])
