"""[egress] into the address policy."""

from __future__ import annotations

from collections.abc import Callable

from service.settings.model import Egress
from specs.addresses import AddressPolicy, Place, to_place

Note = Callable[[str, str], object]
"""Notes (path, what is wrong)."""


def to_policy(egress: Egress, note: Note) -> AddressPolicy:
    """The policy that the operator's lists make. What is wrong with an entry is noted."""
    return AddressPolicy(
        allow=_places(egress.allow, "egress.allow", note), deny=_places(egress.deny, "egress.deny", note)
    )


def _places(entries: tuple[str, ...], path: str, note: Note) -> tuple[Place, ...]:
    found: list[Place] = []
    for index, entry in enumerate(entries):
        try:
            found.append(to_place(entry))
        except ValueError as error:
            note(f"{path}[{index}]", str(error))
    return tuple(found)
