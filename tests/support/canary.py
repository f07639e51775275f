"""A listener on every local address that nobody may ever reach, and a server for those who may."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from aiohttp.abc import AbstractResolver, ResolveResult

from tests.support.patience import PATIENCE


class Canary:
    """Counts the connections made to its port, on whatever address of this machine."""

    def __init__(self) -> None:
        self.reached = 0
        self._socket = _listen_everywhere()
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.reached += 1
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)


@contextmanager
def canary() -> Iterator[Canary]:
    """A canary until the block ends."""
    found = Canary()
    try:
        yield found
    finally:
        found.close()


def _listen_everywhere() -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("0.0.0.0", 0))


class Names(AbstractResolver):
    """A name server of the test's: each look-up takes the next answer, the last one again and again.

    Unknown names are read as the system reads numbers: octal, hexadecimal, short forms.
    """

    def __init__(self, answers: Mapping[str, list[list[str]]]) -> None:
        self._answers = {name: list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        name = host.lower().rstrip(".")
        self.asked.append(name)
        if name in self._answers:
            answers = self._answers[name]
            found = answers.pop(0) if len(answers) > 1 else answers[0]
        else:
            numeric = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            found = [str(info[4][0]) for info in numeric]
        return [_result(host, address, port) for address in found]

    async def close(self) -> None:
        """Nothing is open."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


Answer = Callable[[bytes], bytes]
"""The bytes that answer a request's head."""


@contextmanager
def tiny_server(answer: Answer) -> Iterator[int]:
    """An HTTP server on 127.0.0.1 that answers one request of each connection; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(connection)
            with connection, suppress(OSError):
                connection.settimeout(10)
                connection.sendall(answer(_head(connection)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        for each in (listener, *accepted):
            with suppress(OSError):  # closed already
                each.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)


def _head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
        head += piece
    return head
