"""The composition root: the only module that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
from msgspec import Struct

from providers.prices import ensure_table
from service.app.keepers import end_all
from service.app.parts import Parts
from service.egress import Door
from service.engine.approvals import Approvals
from service.engine.background import Background
from service.engine.compact import Compactions
from service.engine.counting import Counting
from service.engine.preparing import Preparing
from service.engine.runs import Runs
from service.engine.state import State
from service.engine.threads import ThreadDesk
from service.engine.unfinished import logged_output
from service.engine.vault import Vault
from service.http.auth import KeyRing
from service.http.house import House
from service.http.idempotency import Idempotency
from service.ids import new_id
from service.ledger.desk import Desk
from service.ledger.holds import Ledger, Settlement
from service.ledger.rates import RateBook
from service.ledger.upkeep import Upkeep
from service.secrets import Sealer
from service.settings import Settings
from service.settings.prices import needs_table
from service.store.access import access_to
from service.store.agents_desk import AgentDesk
from service.store.agents_rules import AgentRules
from service.store.archive import Archive
from service.store.blobs import Blobs
from service.store.database import Database
from service.store.upload_desk import UploadDesk
from service.store.writer import Connect
from service.telemetry.metrics import Gauges, Metrics
from service.tools.mcp.servers import McpServers
from specs.errors import ShuttingDown
from specs.money import usd_to_nano

if TYPE_CHECKING:
    from service.http.oidc.sign_in import SignIns


class Ground(Struct, frozen=True):
    """What every part is built on."""

    settings: Settings
    database: Database
    parts: Parts
    metrics: Metrics
    sealer: Sealer
    session: aiohttp.ClientSession
    owner: str
    """This process, in what it claims."""


@asynccontextmanager
async def open_house(
    settings: Settings, *, connect: Connect | None = None
) -> AsyncIterator[tuple[House, Parts]]:
    """Put the parts together and let go of them again."""
    metrics = Metrics()
    opening = Database.open(settings.database, connect=connect, on_batch=metrics.batch_written)
    async with await opening as database, _session() as session, Door(settings.addresses) as door:
        wanted = needs_table(settings)
        table = await asyncio.to_thread(ensure_table, settings.data_folder) if wanted else None
        rates = RateBook(database.rates)
        await rates.refresh()
        sealer = Sealer(settings.secret_key_file)
        vault = Vault(database.credentials, sealer, door=door, session=session)
        mcp = McpServers(door, sealer)
        parts = Parts(settings, session, table, database.agents, rates, vault, door, sealer, mcp)
        ground = Ground(settings, database, parts, metrics, sealer, session, owner=new_id("proc"))
        upkeep = Upkeep(database.accounts)
        ledger = _ledger(ground, upkeep)
        alone = database.claim()
        if alone:
            await ledger.recover()
            await database.idempotency.free_others(ground.owner)
        house = _house(ground, ledger)
        if alone:
            await house.background.recover()
        duties = (
            ledger,
            house.archive,
            house.state,
            house.background,
            house.threads,
            house.idempotency,
            house.keys,
            parts.agents,
        )
        every = (*duties, upkeep, rates, database.wakes)
        keepers = [asyncio.create_task(part.maintain(), name=type(part).__name__) for part in every]
        try:
            yield house, parts
        finally:
            house.background.close()
            await house.runs.drain(ShuttingDown())
            await end_all(keepers)
            await house.keys.write_used()
            await ledger.aclose()
            await mcp.aclose()


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=True,
    )


def _ledger(ground: Ground, upkeep: Upkeep) -> Ledger:
    settings = ground.settings.ledger

    def settled(settlement: Settlement) -> None:
        count_settlement(ground.metrics, settlement)
        upkeep.settled(settlement)

    return Ledger(
        ground.database.books,
        owner=ground.owner,
        default_output_tokens=settings.default_output_tokens,
        house_allowance=usd_to_nano(settings.house_usd_per_key_day),
        on_settled=settled,
        logged=partial(logged_output, ground.database.background),
        tokens=ground.parts.limits,
    )


def _runs(ground: Ground, ledger: Ledger, archive: Archive, approvals: Approvals) -> Runs:
    settings, parts = ground.settings, ground.parts
    preparing = Preparing(
        ledger=ledger,
        provider=parts.provider,
        price=parts.price,
        compactions=Compactions(ground.sealer),
        attempts=settings.engine.attempts,
        min_output_tokens=settings.ledger.min_output_tokens,
        metrics=ground.metrics,
        files=archive,
        max_file_bytes=settings.files.max_input_bytes,
        tools=parts.tools,
        searches=parts.searches,
        approvals=approvals,
    )
    return Runs(
        preparing,
        ledger=ledger,
        run_seconds=settings.engine.run_seconds,
        buffer_bytes=settings.engine.buffer_bytes,
        limits=parts.limits,
    )


def _state(ground: Ground) -> State:
    database = ground.database
    return State(
        items=database.items,
        responses=database.responses,
        conversations=database.conversations,
        compactions=Compactions(ground.sealer),
        retention_days=ground.settings.responses.retention_days,
    )


def _background(ground: Ground, runs: Runs, state: State, ledger: Ledger) -> Background:
    return Background(
        ground.database.background,
        runs=runs,
        state=state,
        ledger=ledger,
        agents=ground.parts.agents,
        keys=ground.database.keys,
        owner=ground.owner,
        most=ground.settings.engine.max_background,
        most_waiting=ground.settings.engine.max_background_waiting,
        wakes=ground.database.wakes,
    )


def _house(ground: Ground, ledger: Ledger) -> House:
    settings, database, parts = ground.settings, ground.database, ground.parts
    blobs = Blobs(settings.files_folder)
    archive = Archive(database.files, database.uploads, blobs, limits=settings.files)
    approvals = Approvals(
        ground.sealer, uses=database.approvals, seconds=ground.settings.tools.approval_seconds
    )
    runs, state = _runs(ground, ledger, archive, approvals), _state(ground)
    background = _background(ground, runs, state, ledger)
    return House(
        settings=settings,
        agents=parts.agents,
        agent_desk=AgentDesk(
            parts.agents,
            database.agents,
            AgentRules(parts.agents, runnable=parts.may_run, connectors=parts.connectors),
        ),
        runs=runs,
        state=state,
        background=background,
        threads=ThreadDesk(
            database.threads,
            database.thread_messages,
            database.thread_runs,
            engine=runs,
            background=background,
        ),
        keys=KeyRing(
            database.keys.find_by_digest,
            note_used=database.keys.note_used,
            refuses_all=not settings.auth.api_keys,
        ),
        sign_ins=_sign_ins(ground),
        limits=parts.limits,
        key_rates=database.key_rates,
        vault=parts.vault,
        approvals=approvals,
        provider_spec=parts.spec,
        accounts=database.accounts,
        desk=Desk(database.accounts, database.entries, parts.rates),
        access=access_to(database),
        counting=Counting(
            provider=parts.provider, files=archive, max_file_bytes=settings.files.max_input_bytes
        ),
        archive=archive,
        uploads=UploadDesk(archive, database.files, database.uploads, blobs),
        ready=database.ready,
        metrics=ground.metrics,
        gauges=Gauges(
            runs_active=lambda: len(runs.active),
            writer_queue=lambda: database.writer.queue_length,
            writes_owed=lambda: ledger.settling.owed,
            house=database.usage.house,
        ),
        idempotency=Idempotency(
            database.idempotency, ground.sealer, owner=ground.owner, hours=settings.idempotency.hours
        ),
    )


def _sign_ins(ground: Ground) -> SignIns | None:
    """What opens the door to tokens; what checks them is imported where there is an issuer."""
    oidc = ground.settings.auth.oidc
    if oidc.issuer is None:
        return None
    from service.http.oidc.issuer import Issuer, fetcher
    from service.http.oidc.sign_in import SignIns

    return SignIns(oidc, Issuer(oidc, fetcher(ground.session)), access_to(ground.database))


def count_settlement(metrics: Metrics, settlement: Settlement) -> None:
    """Tell the metrics of a settlement; the ledger calls it once for each."""
    metrics.settlements["true" if settlement.usage.estimated else "false",] += 1
    metrics.settled["account",] += settlement.charged
    metrics.settled["house_failed",] += settlement.failed
    metrics.settled["house_overrun",] += settlement.overrun
