"""What the store is told of answers and conversations, and what it tells of them."""

from __future__ import annotations

from msgspec import Struct

from service.store.thread_ports import LegOrder
from specs.contexts import Context
from specs.items import Item
from specs.usage import Usage


class ResponseRow(Struct, frozen=True, kw_only=True):
    """A response as it is kept, without its items."""

    id: str
    project: str
    key: str
    run: str
    agent: str
    """What the caller wrote as `model`."""
    status: str
    created_at: int
    completed_at: int | None = None
    expires_at: int | None = None
    """Unix seconds; from then on it is as if it had never been."""
    previous: str | None = None
    conversation: str | None = None
    began: str
    """The run's `RunCreated` as JSON, without items, tools and instructions."""
    echo: str
    """What the API states back of the request, as JSON of its own."""
    ended: str | None = None
    """The run's `RunEnded` as JSON, without usage; None while it goes on."""


class KeepTurn(Struct, frozen=True, kw_only=True):
    """One turn to write down. A second order of the same id brings what was not known at the first."""

    id: str
    """The response's id."""
    project: str
    run: str
    now: int
    response: ResponseRow | None = None
    """None where the answer itself is not kept and only the conversation grows."""
    parent: str | None = None
    """The turn this one continues."""
    upto: int | None = None
    """The conversation's next place when its items were read."""
    conversation: str | None = None
    """The conversation that input and output are added to, and whose lock is given back."""
    appends: bool = True
    """Whether they are: a run that failed adds nothing."""
    ends: bool = True
    """False where the run goes on: the conversation is then left as it is."""
    context: tuple[Item, ...] = ()
    """All that went before; written down where the parent is gone by now."""
    input: tuple[Item, ...] = ()
    output: tuple[Item, ...] = ()
    leg: LegOrder | None = None
    """Set where the run is a leg of one on a thread: this is all that is written then."""


class KeptResponse(Struct, frozen=True):
    """A response as it is found."""

    row: ResponseRow
    output: tuple[Item, ...]
    usage: Usage
    """Of all its attempts, as they were charged."""


class ItemPage(Struct, frozen=True):
    """Some items of a list, in the order asked for."""

    items: tuple[Item, ...]
    has_more: bool


class Conversation(Struct, frozen=True):
    id: str
    project: str
    metadata: dict[str, str]
    created_at: int


class ConversationContext(Struct, frozen=True):
    """What a conversation holds when a run begins."""

    items: Context
    upto: int
