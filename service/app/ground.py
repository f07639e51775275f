"""What every part of a house is built on."""

from __future__ import annotations

import aiohttp
from msgspec import Struct

from service.app.parts import Parts
from service.secrets import Sealer
from service.settings import Settings
from service.store.database import Database
from service.telemetry.metrics import Metrics


class Ground(Struct, frozen=True):
    """What every part is built on."""

    settings: Settings
    database: Database
    parts: Parts
    metrics: Metrics
    sealer: Sealer
    session: aiohttp.ClientSession
    owner: str
    """This process, in what it claims."""
