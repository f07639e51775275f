"""Approvals: what a caller is asked before a call is made, and whether an answer is one.

The id of a request is its seal. It opens for the same project, agent, tool and arguments alone, and tells
when it was asked and of which definition of the tool; so nothing need be kept to know what was asked here.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec
from msgspec import Struct, structs

from service.engine.context import is_same_call
from service.engine.permitted import PermittedCalls
from service.secrets import BadKeyFile, Sealer, Unsealable
from service.tools.base import Known, ToolSet
from specs.errors import InvalidRequest, ServerError
from specs.items import ApprovalRequest, ApprovalResponse, FunctionCall, HostedCall, Item
from specs.requests import ApprovalPlace, RunRequest

PREFIX = "mcpr_"
DAY = 86_400
TOO_LATE = "The approval came too late."
_TIME_BYTES = 5
_DIGEST_BYTES = 10
"""With these an id has 64 characters, the most that every client keeps."""


class Uses(Protocol):
    """Which approvals were used. Every method raises StoreUnavailable."""

    def spend(self, request: str, *, project: str, until: int) -> Awaitable[bool]:
        """Use one up; False where it was before. It may be forgotten after `until`, in Unix seconds."""
        ...

    def is_spent(self, request: str, *, project: str) -> Awaitable[bool]:
        """Whether it was used."""
        ...


class Whose(Struct, frozen=True):
    """In what run a call is made."""

    project: str
    agent: str


class Sealed(Struct, frozen=True):
    """What a seal says."""

    asked_at: int
    """Unix seconds."""
    definition: bytes
    """Digest of the tool's fingerprint."""


class Granted(Struct, frozen=True):
    """A call that the caller has approved."""

    asked: ApprovalRequest
    sealed: Sealed

    def holds_for(self, tool: Known) -> bool:
        """Whether it was this definition of the tool that was approved."""
        return self.sealed.definition == _digest(tool.fingerprint)


class Approvals:
    """Asks, and judges answers, with this server's secret. `seconds` is how long an answer may take."""

    def __init__(
        self,
        sealer: Sealer,
        *,
        uses: Uses,
        seconds: int = DAY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sealer = sealer
        self.uses = uses
        self.seconds = seconds
        self._clock = clock

    async def refuse_used(self, request: RunRequest, *, project: str) -> None:
        """Refuse an answer to what was approved before, and made.

        Raises InvalidRequest, StoreUnavailable.
        """
        for place in request.approvals:
            used = _answered(request.items, place) and await self.uses.is_spent(
                place.request, project=project
            )
            if used:
                raise _wrong(place, "was answered before: its call has been made.")

    def judged(self, request: RunRequest, whose: Whose, *, now: int) -> RunRequest:
        """The request, with approvals that came too late as denials.

        Raises InvalidRequest naming an answer to what was not asked here, or was answered before.
        """
        late: dict[str, str] = {}
        for place in request.approvals:
            answered = _answered(request.items, place)
            if answered is None:
                continue
            asked, answer = answered
            sealed = self._open(asked, whose)
            if sealed is None:
                raise _wrong(place, "was not asked by this server for this call of this agent.")
            if answer.approve and now - sealed.asked_at > self.seconds:
                late[answer.request] = place.param
        return _with_late(request, late, self.seconds) if late else request

    def granted(self, request: RunRequest, whose: Whose) -> tuple[Granted, ...]:
        """The calls that a judged request approves and that have not been made."""
        found: list[Granted] = []
        for place in request.approvals:
            answered = _answered(request.items, place)
            if answered is None or not answered[1].approve:
                continue
            sealed = self._open(answered[0], whose)
            if sealed is not None:
                found.append(Granted(answered[0], sealed))
        return tuple(found)

    def seal(self, call: ApprovalRequest, tool: Known, whose: Whose) -> str:
        """The id of a request.

        Raises ServerError where there is no key to seal with.
        """
        data = int(self._clock()).to_bytes(_TIME_BYTES, "big") + _digest(tool.fingerprint)
        try:
            sealed = self._sealer.seal(data, about=_about(call, whose))
        except BadKeyFile as error:
            raise ServerError("There is no key to seal approvals with. Tell your operator.") from error
        return PREFIX + urlsafe_b64encode(sealed).decode().rstrip("=")

    def _open(self, asked: ApprovalRequest, whose: Whose) -> Sealed | None:
        seal = asked.id.removeprefix(PREFIX)
        try:
            data = self._sealer.open(
                urlsafe_b64decode(seal + "=" * (-len(seal) % 4)), about=_about(asked, whose)
            )
        except (Unsealable, BadKeyFile, ValueError):
            return None
        return Sealed(int.from_bytes(data[:_TIME_BYTES], "big"), data[_TIME_BYTES:])


class Asking:
    """The approvals of one run, whose caller can be asked."""

    def __init__(self, approvals: Approvals, request: RunRequest, whose: Whose) -> None:
        self._approvals = approvals
        self._whose = whose
        self.granted = approvals.granted(request, whose) if request.approvals else ()

    def watch(self, tools: ToolSet) -> PermittedCalls | None:
        """Take the calls that ask out of a step's stream; None where no tool asks."""
        if not tools.definitions:
            return None

        def asks(call: FunctionCall) -> str | None:
            tool = tools.known(call.name)
            return "asks" if tool is not None and tool.asks else None

        any_asks = any(asks(FunctionCall("", "", tool.name)) for tool in tools.definitions)
        return PermittedCalls(asks) if any_asks else None

    def request(self, call: FunctionCall, tool: Known, *, step: int | None) -> ApprovalRequest:
        """Ask for a call. Raises ServerError."""
        called = None if tool.name == call.name else call.name
        asked = ApprovalRequest(
            "", call.call_id, tool.label, tool.name, call.arguments, called=called, step=step
        )
        return structs.replace(asked, id=self._approvals.seal(asked, tool, self._whose))

    def spend(self, granted: Granted) -> Awaitable[bool]:
        """Use an approval up; False where it was before. Raises StoreUnavailable."""
        until = granted.sealed.asked_at + self._approvals.seconds + DAY
        return self._approvals.uses.spend(granted.asked.id, project=self._whose.project, until=until)


def _answered(items: Sequence[Item], place: ApprovalPlace) -> tuple[ApprovalRequest, ApprovalResponse] | None:
    """The request and its answer; None where that is history: what was approved was made, or asked anew.

    Raises InvalidRequest.
    """
    id = place.request
    at = {position: item for position, item in enumerate(items) if _concerns(item, id)}
    answers = [position for position, item in at.items() if isinstance(item, ApprovalResponse)]
    asked = next((item for item in at.values() if isinstance(item, ApprovalRequest)), None)
    first = next(iter(at.values()), None)
    if asked is None or asked is not first:
        raise _wrong(place, "is no request for approval of the context before it.")
    if len(answers) > 1:
        raise _wrong(place, "is answered twice.")
    made = [position for position, item in at.items() if isinstance(item, HostedCall)]
    if made and made[0] < answers[0]:
        raise _wrong(place, "was answered before: its call has been made.")
    if made or _asked_anew(items[answers[0] :], asked):
        return None
    answer = at[answers[0]]
    assert isinstance(answer, ApprovalResponse)
    return asked, answer


def _concerns(item: Item, id: str) -> bool:
    match item:
        case ApprovalRequest():
            return item.id == id
        case ApprovalResponse():
            return item.request == id
        case HostedCall():
            return item.approval == id
        case _:
            return False


def _asked_anew(later: Sequence[Item], asked: ApprovalRequest) -> bool:
    return any(isinstance(item, ApprovalRequest) and is_same_call(item, asked) for item in later)


def _with_late(request: RunRequest, late: dict[str, str], seconds: int) -> RunRequest:
    items = tuple(
        structs.replace(item, approve=False, reason=TOO_LATE)
        if isinstance(item, ApprovalResponse) and item.request in late
        else item
        for item in request.items
    )
    warnings = [
        f"{param}: approved more than {seconds} seconds after it was asked; it counts as denied."
        for param in late.values()
    ]
    return structs.replace(request, items=items, warnings=(*request.warnings, *warnings))


def _wrong(place: ApprovalPlace, why: str) -> InvalidRequest:
    return InvalidRequest(f"{place.param}: {place.request[:80]!r} {why}", param=place.param)


def _about(call: ApprovalRequest, whose: Whose) -> str:
    arguments = sha256(call.arguments.encode("utf-8", "surrogatepass")).hexdigest()
    parts = ("approval", whose.project, whose.agent, call.label, call.name, arguments)
    return msgspec.json.encode(parts).decode()


def _digest(fingerprint: str) -> bytes:
    return sha256(fingerprint.encode()).digest()[:_DIGEST_BYTES]
