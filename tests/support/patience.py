"""How long tests wait. Only a failure waits it out, so it is far longer than a busy machine stands still."""

from __future__ import annotations

PATIENCE = 45.0
"""Seconds for what must come: an answer, a start, an end, a condition.

Less than a silent provider is borne, which would bring about some of it too."""
