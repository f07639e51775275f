"""A request as our handlers get it: the framework's, with its body read our way."""

from __future__ import annotations

from typing import Any

from litestar import Request

from service.http.headers import header
from service.http.house import house_of
from specs.errors import BodyTooLarge, ClientGone


class Incoming(Request[Any, Any, Any]):
    """A request whose body is mostly there in one piece by the time it is asked for."""

    __slots__ = ("_whole",)

    async def body(self) -> bytes:
        """The whole body; asked for again, it is the same.

        Raises BodyTooLarge, ClientGone.
        """
        try:
            return self._whole
        except AttributeError:
            self._whole = whole = await self._read()
            return whole

    async def _read(self) -> bytes:
        most = house_of(self).settings.server.max_body_bytes
        announced = header(self.scope, b"content-length")
        if announced is not None and int(announced) > most:
            raise BodyTooLarge
        pieces: list[bytes] = []
        room = most
        while True:
            event: Any = await self.receive()
            if event["type"] == "http.disconnect":
                raise ClientGone
            piece = event["body"]
            room -= len(piece)
            if room < 0:
                raise BodyTooLarge
            pieces.append(piece)
            if not event.get("more_body", False):
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
