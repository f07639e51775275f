"""What is written down of a run in the background so that any process can start it, and how that is done."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct, structs

from service.engine.run import Caller, Run
from service.engine.runs import Runs
from service.engine.state import Prepared, began
from service.store.agents import Agents
from service.store.ports import KeyRecord, Keys
from specs.agents import Agent
from specs.errors import InvalidKey, ModelNotFound
from specs.events import Event, RunCreated
from specs.legs import leg_agent


class Job(Struct, frozen=True):
    """All that is needed to start a run anew."""

    prepared: Prepared
    """Its request whole; what went before is in its turn already."""
    key: str
    echo: str
    api: str
    created: RunCreated
    """As its response was first shown."""


_job = msgspec.json.Decoder(Job)


def write_job(run: Run, prepared: Prepared, *, key: str, echo: str) -> str:
    """Write down a run that was admitted."""
    job = Job(structs.replace(prepared, context=(), input=()), key, echo, run.api, began(run.created))
    return msgspec.json.encode(job).decode()


def read_job(job: str) -> Job:
    """Read what `write_job` wrote. Raises msgspec.ValidationError for that of another version."""
    return _job.decode(job)


def shown(events: Sequence[Event]) -> tuple[Event, ...]:
    """The same events with what is kept of a run's start."""
    return tuple(began(event) if isinstance(event, RunCreated) else event for event in events)


class RunMaker:
    """Makes runs anew, by their key and agent as they are now."""

    def __init__(self, runs: Runs, *, agents: Agents, keys: Keys) -> None:
        self._runs = runs
        self._agents = agents
        self._keys = keys

    async def make(self, job: Job, *, now: int) -> Run:
        """Make a run ready to be launched.

        Raises InvalidKey, ModelNotFound, StoreUnavailable, and what `Runs.admit` raises.
        """
        key = await self._keys.get(job.key)
        if key is None or not key.valid(now):
            raise InvalidKey
        request = job.prepared.request
        agent = await self._pinned_agent(job, key)
        if agent is None:
            raise ModelNotFound(f'No agent "{request.agent[:200]}" for this key any more.', param="model")
        return self._runs.admit(
            request,
            agent=agent,
            caller=Caller(
                key=key.id,
                key_name=key.name,
                project=key.project,
                account=key.account,
                user=key.user or "",
            ),
            api=job.api,
            id=job.prepared.run,
            created_at=job.created.created_at,
        )

    async def _pinned_agent(self, job: Job, key: KeyRecord) -> Agent | None:
        """The version that the run began with; an agent of the configuration has only its newest. A run on
        a thread has a copy."""
        created, leg = job.created, job.prepared.leg
        if leg is not None:
            return leg_agent(leg.run)
        pinned = await self._agents.load(f"{created.agent}@{created.agent_version}", key)
        return pinned or self._agents.find(job.prepared.request.agent, key)
