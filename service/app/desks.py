"""The smaller parts of a house, each put together from what it is built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.app.ground import Ground
from service.engine.background import Background
from service.engine.runs import Runs
from service.engine.threads import ThreadDesk
from service.http.auth import KeyRing
from service.http.idempotency import Idempotency
from service.ledger.holds import Ledger
from service.store.access import access_to
from service.store.agents_desk import AgentDesk
from service.store.agents_rules import AgentRules
from service.telemetry.metrics import Gauges

if TYPE_CHECKING:
    from service.http.oidc.sign_in import SignIns


def agent_desk(ground: Ground) -> AgentDesk:
    """Where agents are made and changed."""
    parts = ground.parts
    rules = AgentRules(parts.agents, runnable=parts.may_run, connectors=parts.connectors)
    return AgentDesk(parts.agents, ground.database.agents, rules)


def thread_desk(ground: Ground, runs: Runs, background: Background) -> ThreadDesk:
    """Where threads are kept, and runs on them begin."""
    database = ground.database
    return ThreadDesk(
        database.threads,
        database.thread_messages,
        database.thread_runs,
        engine=runs,
        background=background,
    )


def key_ring(ground: Ground) -> KeyRing:
    """What lets requests in by their keys."""
    keys = ground.database.keys
    refuses_all = not ground.settings.auth.api_keys
    return KeyRing(keys.find_by_digest, note_used=keys.note_used, refuses_all=refuses_all)


def sign_ins(ground: Ground) -> SignIns | None:
    """What opens the door to tokens; what checks them is imported where there is an issuer."""
    oidc = ground.settings.auth.oidc
    if oidc.issuer is None:
        return None
    from service.http.oidc.issuer import Issuer, fetcher
    from service.http.oidc.sign_in import SignIns

    return SignIns(oidc, Issuer(oidc, fetcher(ground.session)), access_to(ground.database))


def gauges(ground: Ground, runs: Runs, ledger: Ledger) -> Gauges:
    """What metrics look at when they are asked for."""
    database = ground.database
    return Gauges(
        runs_active=lambda: len(runs.active),
        writer_queue=lambda: database.writer.queue_length,
        writes_owed=lambda: ledger.settling.owed,
        house=database.usage.house,
    )


def idempotency(ground: Ground) -> Idempotency:
    """What keeps answers for those who ask twice."""
    hours = ground.settings.idempotency.hours
    return Idempotency(ground.database.idempotency, ground.sealer, owner=ground.owner, hours=hours)
