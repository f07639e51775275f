"""The service and upstream of the service tests, and the official SDK as the client."""

from __future__ import annotations

from tests.state.conftest import *  # noqa: F403 (fixtures)
