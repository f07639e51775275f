"""What lets the server in at a tool's server: kept sealed wherever it lies, opened to connect."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from service.secrets import Sealer, Unsealable
from service.store.agents_credentials import sealed_for
from specs.secret import Secret


class Credential(Struct, frozen=True):
    """Headers of every request, and what stands in `authorization` after `Bearer`."""

    headers: Mapping[str, Secret] = {}
    authorization: Secret | None = None

    def on_wire(self) -> dict[str, str]:
        """The headers, in the clear; names in lower case."""
        sent = {name.lower(): value.reveal() for name, value in self.headers.items()}
        if self.authorization is not None:
            sent["authorization"] = f"Bearer {self.authorization.reveal()}"
        return sent


class _Clear(Struct, frozen=True, omit_defaults=True):
    headers: dict[str, str] = {}
    authorization: str | None = None


_clear = msgspec.json.Decoder(_Clear)


def in_request(project: str) -> str:
    """What a credential that a caller sent along is sealed for: it opens for its project alone."""
    return f"mcp:request:{project}"


def in_agent(project: str, agent: str) -> str:
    """What a credential of a stored agent's tool is sealed for: its owner's project, and the agent."""
    return sealed_for(project, agent)


def seal(credential: Credential, sealer: Sealer, *, about: str) -> str:
    """The credential as it may lie anywhere; "" for an empty one. `about` is one of the above.

    Raises BadKeyFile.
    """
    if not credential.headers and credential.authorization is None:
        return ""
    bearer = credential.authorization
    clear = _Clear(
        {name: value.reveal() for name, value in credential.headers.items()},
        None if bearer is None else bearer.reveal(),
    )
    return b64encode(sealer.seal(msgspec.json.encode(clear), about=about)).decode()


def unseal(sealed: str, sealer: Sealer, *, about: str) -> Credential:
    """What `seal` sealed.

    Raises Unsealable where it was sealed for something else, BadKeyFile.
    """
    if not sealed:
        return Credential()
    try:
        clear = _clear.decode(sealer.open(b64decode(sealed, validate=True), about=about))
    except (ValueError, msgspec.DecodeError) as error:
        raise Unsealable from error
    bearer = None if clear.authorization is None else Secret(clear.authorization)
    return Credential({name: Secret(value) for name, value in clear.headers.items()}, bearer)
