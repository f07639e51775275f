"""The first start: a project, the administration key, and a key to play with."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from service.ids import new_id
from specs.errors import InvalidRequest
from specs.money import NANO
from specs.scopes import ADMIN, DATA_SCOPES
from specs.secret import Secret

if TYPE_CHECKING:
    from service.settings import Settings
    from service.store.database import Database
    from service.store.keys import MintedKey

PROJECT = "default"
PLAY_BALANCE = 10 * NANO
SHORTEST_ADMIN_KEY = 32
"""Characters; a key somebody chose must not be a guess away."""


async def first_start(settings: Settings) -> Secret | None:
    """Make what a new database needs; gives the play key, or None where keys exist or none is wanted.

    Raises StoreUnavailable; InvalidRequest when the administration key's file holds no usable key.
    """
    from service.store.database import Database

    async with await Database.open(settings.database) as database:
        if await database.keys.any_exists():
            return None
        minted = admin_key(settings.admin_key_file)
        await _create(database, minted, name="admin", scopes=(ADMIN,), granted=0)
        if settings.environment.quiet:
            return None
        from service.store.keys import mint

        play = mint()
        await _create(database, play, name="first key", scopes=DATA_SCOPES, granted=PLAY_BALANCE)
        return play.secret


def admin_key(file: Path) -> MintedKey:
    """The key in this file, or a new one written there for its owner alone.

    Raises InvalidRequest when what the file holds is too short to be a key.
    """
    from service.secrets import write_once
    from service.store.keys import mint_admin, recognise

    if file.exists():
        secret = file.read_text().strip()
        if len(secret) < SHORTEST_ADMIN_KEY:
            raise InvalidRequest(f"{file}: an admin key has at least {SHORTEST_ADMIN_KEY} characters.")
        return recognise(Secret(secret))
    minted = mint_admin()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_once(file, f"{minted.secret.reveal()}\n".encode())
    return minted


async def _create(
    database: Database, minted: MintedKey, *, name: str, scopes: tuple[str, ...], granted: int
) -> None:
    from service.store.ports import NewKey

    now = int(time.time())
    project = await database.projects.ensure(PROJECT, id=new_id("proj"), now=now)
    key = NewKey(
        id=new_id("key"),
        project=project.id,
        name=name,
        digest=minted.digest,
        prefix=minted.prefix,
        last_four=minted.last_four,
        scopes=scopes,
        account=new_id("acct"),
        created_at=now,
    )
    await database.keys.create(key, granted=granted)


def welcome(settings: Settings, key: Secret, *, base_url: str) -> str:
    """What the first start prints."""
    return f"""
Welcome to Dragoman. This is the only time this key is shown; it has $10 of play money:

    {key.reveal()}

Try it:

    curl -N {base_url}/v1/chat/completions \\
      -H "Authorization: Bearer {key.reveal()}" \\
      -H "Content-Type: application/json" \\
      -d '{{"model": "agent_demo", "messages": [{{"role": "user", "content": "Hello!"}}], "stream": true}}'

    curl {base_url}/v1/key -H "Authorization: Bearer {key.reveal()}"

The administration key is in {settings.admin_key_file}. `dragoman init` writes a configuration to grow from.
"""
