"""The composition root: the only module that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial

import aiohttp

from providers.prices import PriceTable, ensure_table
from service.app.desks import agent_desk, gauges, idempotency, key_ring, sign_ins, thread_desk
from service.app.ground import Ground
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
from service.engine.unfinished import logged_output
from service.engine.vault import Vault
from service.http.house import House
from service.ids import new_id
from service.ledger.desk import Desk
from service.ledger.holds import Ledger, Settlement
from service.ledger.rates import RateBook
from service.ledger.upkeep import Upkeep
from service.secrets import Sealer
from service.settings import Settings
from service.settings.prices import needs_table
from service.store.access import access_to
from service.store.archive import Archive
from service.store.blobs import Blobs
from service.store.database import Database
from service.store.upload_desk import UploadDesk
from service.store.writer import Connect
from service.telemetry.metrics import Metrics
from service.tools.mcp.servers import McpServers
from specs.errors import ShuttingDown
from specs.money import usd_to_nano


@asynccontextmanager
async def open_house(
    settings: Settings, *, connect: Connect | None = None
) -> AsyncIterator[tuple[House, Parts]]:
    """Put the parts together and let go of them again."""
    metrics = Metrics()
    opening = Database.open(
        settings.database,
        connect=connect,
        on_batch=metrics.batch_written,
        remembered_bytes=settings.remembered_bytes,
    )
    async with await opening as database, _session() as session, Door(settings.addresses) as door:
        rates = RateBook(database.rates)
        await rates.refresh()
        sealer = Sealer(settings.secret_key_file)
        vault = Vault(database.credentials, sealer, door=door, session=session)
        table = await _price_table(settings)
        async with aclosing(McpServers(door, sealer)) as mcp:
            parts = Parts(settings, session, table, database.agents, rates, vault, door, sealer, mcp)
            ground = Ground(settings, database, parts, metrics, sealer, session, owner=new_id("proc"))
            upkeep = Upkeep(database.accounts)
            ledger = _ledger(ground, upkeep)
            house = await _opened(ground, ledger)
            async with _in_order(ground, house, ledger, upkeep):
                yield house, parts


async def _price_table(settings: Settings) -> PriceTable | None:
    return await asyncio.to_thread(ensure_table, settings.data_folder) if needs_table(settings) else None


async def _opened(ground: Ground, ledger: Ledger) -> House:
    """The house; where no other process has its database, what a dead one left open is ended."""
    alone = ground.database.claim()
    if alone:
        await ledger.recover()
        await ground.database.idempotency.free_others(ground.owner)
    house = _house(ground, ledger)
    if alone:
        await house.background.recover()
    return house


@asynccontextmanager
async def _in_order(ground: Ground, house: House, ledger: Ledger, upkeep: Upkeep) -> AsyncIterator[None]:
    """Keep a house in order beside its requests; afterwards nothing of it goes on."""
    parts = ground.parts
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
    every = (*duties, upkeep, parts.rates, ground.database.wakes, ground.database.memory)
    keepers = [asyncio.create_task(part.maintain(), name=type(part).__name__) for part in every]
    try:
        yield
    finally:
        house.background.close()
        await house.runs.drain(ShuttingDown())
        await end_all(keepers)
        await house.keys.write_used()
        await ledger.aclose()


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
        native_search=parts.native_search,
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
    approvals = Approvals(ground.sealer, uses=database.approvals, seconds=settings.tools.approval_seconds)
    runs, state = _runs(ground, ledger, archive, approvals), _state(ground)
    background = _background(ground, runs, state, ledger)
    return House(
        settings=settings,
        agents=parts.agents,
        agent_desk=agent_desk(ground),
        runs=runs,
        state=state,
        background=background,
        threads=thread_desk(ground, runs, background),
        keys=key_ring(ground),
        sign_ins=sign_ins(ground),
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
        gauges=gauges(ground, runs, ledger),
        idempotency=idempotency(ground),
    )


def count_settlement(metrics: Metrics, settlement: Settlement) -> None:
    """Tell the metrics of a settlement; the ledger calls it once for each."""
    metrics.settlements["true" if settlement.usage.estimated else "false",] += 1
    metrics.settled["account",] += settlement.charged
    metrics.settled["house_failed",] += settlement.failed
    metrics.settled["house_overrun",] += settlement.overrun
