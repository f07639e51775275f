"""The ports of what is kept of answers. As in `ports`: what returns an `Awaitable` is enqueued at once,
and every method raises StoreUnavailable when the database cannot do its part now.

An id of another project, one that expired and one that never was are the same: None, or False.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Literal, Protocol, TypeAlias

from service.store.state_records import (
    Conversation,
    ConversationContext,
    ItemPage,
    KeepTurn,
    KeptResponse,
    ResponseRow,
)
from specs.items import Item

__all__ = [
    "Conversation",
    "ConversationContext",
    "Conversations",
    "ItemPage",
    "Items",
    "KeepTurn",
    "KeptResponse",
    "Order",
    "ResponseRow",
    "Responses",
]

Order: TypeAlias = Literal["asc", "desc"]


class Items(Protocol):
    async def find(self, project: str, ids: Sequence[str]) -> dict[str, Item]:
        """The newest item of each id; those that are not there are left out."""
        ...


class Responses(Protocol):
    def keep(self, order: KeepTurn) -> Awaitable[None]:
        """Write a turn down, add to its conversation, and give the conversation's lock back."""
        ...

    async def row(self, project: str, id: str, *, now: int) -> ResponseRow | None:
        """Find a response without its items."""
        ...

    async def get(self, project: str, id: str, *, now: int) -> KeptResponse | None:
        """Find a response."""
        ...

    async def context(self, project: str, turn: str) -> tuple[Item, ...]:
        """What a turn that continues this one begins with: all input and output since the root."""
        ...

    async def inputs(
        self, project: str, id: str, *, order: Order, limit: int, after: str | None
    ) -> ItemPage | None:
        """What the model was given for a response, page by page; None where `after` is not among it."""
        ...

    async def delete(self, project: str, id: str, *, now: int) -> bool:
        """Forget a response; what others go on from stays until they are gone."""
        ...

    async def expire(self, *, now: int, limit: int) -> int:
        """Forget responses whose time has come, at most `limit`; returns how many."""
        ...


class Conversations(Protocol):
    async def create(self, conversation: Conversation, items: Sequence[Item]) -> None:
        """Make a conversation that begins with these items."""
        ...

    async def get(self, project: str, id: str) -> Conversation | None:
        """Find a conversation."""
        ...

    async def describe(self, project: str, id: str, metadata: dict[str, str]) -> Conversation | None:
        """Replace a conversation's metadata."""
        ...

    async def delete(self, project: str, id: str, *, now: int) -> bool:
        """Forget a conversation. Raises Conflict while a run writes to it."""
        ...

    async def add(self, project: str, id: str, items: Sequence[Item], *, now: int) -> bool:
        """Add items at its end. Raises Conflict while a run writes to it."""
        ...

    async def items(
        self, project: str, id: str, *, order: Order, limit: int, after: str | None
    ) -> ItemPage | None:
        """Its items, page by page; None where `after` is not among them."""
        ...

    async def item(self, project: str, id: str, item: str) -> Item | None:
        """One of its items."""
        ...

    async def remove(self, project: str, id: str, item: str, *, now: int) -> bool:
        """Take one of its items out. Raises Conflict while a run writes to it."""
        ...

    async def begin(
        self, project: str, id: str, *, run: str, now: int, until: int
    ) -> ConversationContext | None:
        """Let a run write to it, alone, and read what it holds.

        The lock ends with the run, or at `until` where no such run was written down by then.
        Raises Conflict while another run writes to it.
        """
        ...

    def release(self, id: str, *, run: str) -> Awaitable[None]:
        """Give the lock of a run back that adds nothing."""
        ...
