"""From what a dialect read to a run: state is loaded, the agent found, the run started and kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import structs

from service.dialects.base import Dialect, Reading
from service.engine.media import require_files
from service.engine.run import Caller, Run
from service.engine.state import Prepared, Remembered
from service.http.house import House
from service.secrets import BadKeyFile
from service.store.ports import KeyRecord
from service.tools.credentials import in_request, seal
from specs.agents import Agent
from specs.errors import CredentialUnreadable, InvalidRequest, ModelNotFound
from specs.state import StateAsk
from specs.tools import McpServer


async def begin_run(
    house: House,
    key: KeyRecord,
    reading: Reading,
    dialect: Dialect,
    *,
    remembered: Mapping[str, Remembered] = MappingProxyType({}),
) -> tuple[Reading, Run]:
    """Load what a request goes on from, `remembered` before what is stored, and start its run.

    The reading that comes back has the whole context as its items, and the state that is really given;
    render from that one. Raises DragomanError.
    """
    async with PreparedRun(house, key, reading, remembered=remembered) as (reading, prepared):
        return reading, start_run(house, key, reading, dialect, prepared)


class PreparedRun:
    """What a request goes on from, loaded for an `async with`; it is let go of where no run comes of it."""

    def __init__(
        self,
        house: House,
        key: KeyRecord,
        reading: Reading,
        *,
        remembered: Mapping[str, Remembered] = MappingProxyType({}),
    ) -> None:
        self._house = house
        self._key = key
        self._reading = reading
        self._remembered = remembered

    async def __aenter__(self) -> tuple[Reading, Prepared]:
        """Load it.

        Raises DragomanError.
        """
        house, key, reading = self._house, self._key, self._reading
        if house.agents.find(reading.request.agent, key) is None:
            await house.agents.load(reading.request.agent, key)
        reading = with_sealed(house, key, allow_state(house, key, reading))
        if reading.files:
            await require_files(house.archive, reading.files, project=key.project)
        prepared = self._prepared = await house.state.prepare(
            reading.request, reading.state, project=key.project, remembered=self._remembered
        )
        if prepared.request.approvals:
            await self._refuse_used_approvals()
        return structs.replace(reading, request=prepared.request), prepared

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Let go of it where there was an error."""
        if error is not None:
            self._house.state.release(self._prepared)

    async def _refuse_used_approvals(self) -> None:
        try:
            await self._house.approvals.refuse_used(self._prepared.request, project=self._key.project)
        except BaseException:
            self._house.state.release(self._prepared)
            raise


def allow_state(house: House, key: KeyRecord, reading: Reading) -> Reading:
    """Take storing back where the key's project forbids it.

    Raises InvalidRequest where the caller asked for it by name.
    """
    if not reading.state.store or house.keeps_content(key):
        return reading
    if reading.state.store_named:
        raise InvalidRequest("store: this project does not allow responses to be stored.", param="store")
    return structs.replace(reading, state=without_store(reading.state))


def with_sealed(house: House, key: KeyRecord, reading: Reading) -> Reading:
    """Put what lets the server in at its tools' servers into them, sealed for the key's project.

    Raises CredentialUnreadable where nothing can be sealed now.
    """
    if not reading.credentials:
        return reading
    about = in_request(key.project)
    try:
        hosted = tuple(
            structs.replace(tool, credential=seal(credential, house.vault.sealer, about=about))
            if isinstance(tool, McpServer)
            else tool
            for tool, credential in zip(reading.request.hosted, reading.credentials, strict=True)
        )
    except BadKeyFile as error:
        raise CredentialUnreadable("Secrets cannot be sealed now. Tell your operator.") from error
    return structs.replace(reading, request=structs.replace(reading.request, hosted=hosted), credentials=())


def without_store(state: StateAsk) -> StateAsk:
    """The same state, but the answer is not kept."""
    return structs.replace(state, store=False)


def start_run(house: House, key: KeyRecord, reading: Reading, dialect: Dialect, prepared: Prepared) -> Run:
    """Find the agent for this key and start a prepared run.

    Raises ModelNotFound, and what `Runs.start` raises.
    """
    return house.runs.start(
        reading.request,
        agent=find_agent(house, key, reading.request.agent),
        caller=caller_of(key),
        api=dialect.name,
        id=prepared.run,
        keeper=house.state.keeper(prepared, key=key.id, echo=dialect.echo(reading)),
    )


def admit_run(house: House, key: KeyRecord, reading: Reading, dialect: Dialect, prepared: Prepared) -> Run:
    """Find the agent for this key and make a prepared run ready, to be launched by whoever keeps it.

    Raises ModelNotFound, and what `Runs.admit` raises.
    """
    return house.runs.admit(
        reading.request,
        agent=find_agent(house, key, reading.request.agent),
        caller=caller_of(key),
        api=dialect.name,
        id=prepared.run,
    )


def caller_of(key: KeyRecord) -> Caller:
    """Who asks with a key, and who pays."""
    return Caller(
        key=key.id, key_name=key.name, project=key.project, account=key.account, user=key.user or ""
    )


def find_agent(house: House, key: KeyRecord, name: str) -> Agent:
    """The agent that a name means for this key, among those that are remembered: see `load_agent`.

    Raises ModelNotFound.
    """
    agent = house.agents.find(name, key)
    if agent is None:
        raise ModelNotFound(
            f'No agent "{name[:200]}" for this key. GET /v1/models lists yours.', param="model"
        )
    return agent


async def load_agent(house: House, key: KeyRecord, name: str) -> Agent:
    """The agent that a name means for this key.

    Raises ModelNotFound, StoreUnavailable.
    """
    await house.agents.load(name, key)
    return find_agent(house, key, name)
