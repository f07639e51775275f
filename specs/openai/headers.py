"""Headers of OpenAI's clients that mean something here."""

from __future__ import annotations

PROJECT = "OpenAI-Project"
"""Names the project a caller works in; their option is `project`."""
