"""What a key may do."""

from __future__ import annotations

DATA_SCOPES = ("inference", "agents.read", "files", "conversations")
"""What a key gets unless its maker names less."""
ADMIN = "admin"
"""Administration; gives no access to inference."""
SCOPES = (*DATA_SCOPES, ADMIN)
