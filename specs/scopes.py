"""What a key may do, and what the role of its owner lets it do."""

from __future__ import annotations

from collections.abc import Mapping

DATA_SCOPES = ("inference", "agents.read", "files", "conversations", "assistants")
"""What a key gets unless its maker names less."""
ADMIN = "admin"
"""Administration; gives no access to inference."""
KEYS_CREATE = "keys.create"
"""To manage the keys of one's own user."""
SCOPES = (*DATA_SCOPES, "agents.write", KEYS_CREATE, "usage.read", ADMIN)

ROLE_SCOPES: Mapping[str, frozenset[str]] = {
    "owner": frozenset({*DATA_SCOPES, "agents.write", "usage.read"}),
    "member": frozenset({*DATA_SCOPES, "agents.write"}),
    "viewer": frozenset({"agents.read"}),
    "none": frozenset(),
}
"""The most a role in a project lets a user's or service account's keys do. `keys.create` comes with the
permission of that name, and `admin` with owning the organization."""


def allowed_scopes(role: str, *, owns: bool, may_create: bool) -> frozenset[str]:
    """What a role in a project lets do, with what a user may beside it; `owns` the organization."""
    beside = ({ADMIN} if owns else set()) | ({KEYS_CREATE} if may_create and role != "none" else set())
    return ROLE_SCOPES[role] | beside
