"""`dragoman serve`."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import click

from service.cli.common import config_option, expected_failures, fail, read_settings
from service.cli.first_start import first_start, welcome


@click.command()
@click.option("--host", help="Address to listen on (default: [server] host).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (default: [server] port).")
@config_option
@expected_failures
def serve(host: str | None, port: int | None, config: Path | None) -> None:
    """Run the service until it is told to stop (SIGTERM or Ctrl-C)."""
    settings = read_settings(config)
    from service import app

    listener = _listen(host or settings.server.host, settings.server.port if port is None else port)
    metrics = _listen(settings.metrics.host, settings.metrics.port) if settings.metrics.port else None
    bound, number = listener.getsockname()[:2]
    base_url = f"http://[{bound}]:{number}" if ":" in bound else f"http://{bound}:{number}"
    play_key = asyncio.run(first_start(settings))
    if not settings.environment.quiet:
        click.echo(f"Dragoman serves on {base_url} (Ctrl-C ends it).")
        if play_key is not None:
            click.echo(welcome(settings, play_key, base_url=base_url))
    app.serve(settings, listener, metrics=metrics)


def _listen(host: str, port: int) -> socket.socket:
    from service import app

    try:
        return app.listen(host, port)
    except app.AddressInUse as error:
        fail(str(error))
    except OSError as error:
        fail(f"Cannot listen on {host}: {error.strerror}.")
