"""The server on its socket: who may listen, and how it goes down."""

from __future__ import annotations

import asyncio
import socket

import uvicorn

from service.app.parts import Parts
from service.http.direct import Direct
from service.http.edge import Edge
from service.http.house import House
from service.http.protocol import connections
from service.http.routes import create_app
from service.http.sockets import PING_SECONDS, Socket
from specs.errors import ShuttingDown

SETTLE_SECONDS = 8
"""What ending and settling the last streams may take beyond the drain."""
BACKLOG = 2048


class AddressInUse(Exception):
    """Somebody else listens on the address."""


def listen(host: str, port: int) -> socket.socket:
    """Take the address.

    Raises AddressInUse, OSError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in (98, 48):
            raise AddressInUse(
                f"Port {port} on {host} is in use. Choose another with --port, or stop what listens there."
            ) from error
        raise
    listener.setblocking(False)
    return listener


class Server(uvicorn.Server):
    """uvicorn, with a drain of our own before its shutdown."""

    def __init__(self, house: House, parts: Parts) -> None:
        settings = house.settings
        framework = create_app(
            cors_origins=list(settings.server.cors_origins),
            max_body_bytes=settings.server.max_body_bytes,
        )
        app = Edge(Direct(framework), house, max_in_flight=settings.server.max_in_flight)
        config = uvicorn.Config(
            app,
            http=connections(request_seconds=settings.server.request_seconds),
            ws=Socket,
            ws_max_size=settings.websocket.max_message_bytes,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=settings.engine.stall_seconds,
            ws_per_message_deflate=False,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.server.trusted_proxies),
            forwarded_allow_ips=list(settings.server.trusted_proxies),
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(settings.server.drain_seconds) + SETTLE_SECONDS,
        )
        super().__init__(config)
        self.house = house
        self.parts = parts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new work, let open streams finish for a while, end and settle the rest, then go."""
        self.house.draining = True
        self.house.background.close()
        drain = asyncio.create_task(self._drain(), name="drain")
        await super().shutdown(sockets)
        await drain
        # uvicorn raises the signal again when it is done: the process would die before letting go.
        self._captured_signals.clear()

    async def _drain(self) -> None:
        runs = [run.task for run in self.house.runs.active.values() if run.task is not None]
        if runs:
            await asyncio.wait(runs, timeout=self.house.settings.server.drain_seconds)
        await self.house.runs.drain(ShuttingDown())
