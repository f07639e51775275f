"""What lets the server in at a tool's server, sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.secrets import Sealer, Unsealable
from service.tools.credentials import Credential, in_agent, in_request, seal, unseal
from specs.secret import Secret

GIVEN = Credential({"X-Team": Secret("blue")}, Secret("t0ken"))


def test_a_credential_opens_where_it_was_sealed_for(tmp_path: Path):
    sealer = Sealer(tmp_path / "key")
    sealed = seal(GIVEN, sealer, about=in_request("proj_a"))
    assert "t0ken" not in sealed
    opened = unseal(sealed, sealer, about=in_request("proj_a"))
    assert opened.on_wire() == {"x-team": "blue", "authorization": "Bearer t0ken"}


@pytest.mark.parametrize("about", [in_request("proj_b"), in_agent("proj_a", "agent_1")])
def test_a_credential_opens_nowhere_else(tmp_path: Path, about: str):
    sealer = Sealer(tmp_path / "key")
    with pytest.raises(Unsealable):
        unseal(seal(GIVEN, sealer, about=in_request("proj_a")), sealer, about=about)


def test_what_is_no_seal_does_not_open(tmp_path: Path):
    with pytest.raises(Unsealable):
        unseal("not base64!", Sealer(tmp_path / "key"), about=in_request("proj_a"))


def test_an_empty_credential_needs_no_seal(tmp_path: Path):
    sealer = Sealer(tmp_path / "key")
    assert seal(Credential(), sealer, about=in_request("proj_a")) == ""
    assert unseal("", sealer, about=in_request("proj_a")).on_wire() == {}
