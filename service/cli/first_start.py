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
    from service.store.keys import MintedKey
    from service.store.ports import NewKey

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
        from service.store.keys import mint

        now = int(time.time())
        project = await database.projects.ensure(PROJECT, id=new_id("proj"), now=now)
        admin = _new_key(admin_key(settings.admin_key_file), project.id, now, name="admin", scopes=(ADMIN,))
        keys, play = [(admin, 0)], None
        if not settings.environment.quiet:
            play = mint()
            first = _new_key(play, project.id, now, name="first key", scopes=DATA_SCOPES)
            keys.append((first, PLAY_BALANCE))
        made = await database.keys.create_first(keys)  # another service may have been first
        return play.secret if play is not None and made else None


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
    try:
        write_once(file, f"{minted.secret.reveal()}\n".encode())
    except FileExistsError:  # of a service that starts beside us
        return admin_key(file)
    return minted


def _new_key(minted: MintedKey, project: str, now: int, *, name: str, scopes: tuple[str, ...]) -> NewKey:
    from service.store.ports import NewKey

    return NewKey(
        id=new_id("key"),
        project=project,
        name=name,
        digest=minted.digest,
        prefix=minted.prefix,
        last_four=minted.last_four,
        scopes=scopes,
        account=new_id("acct"),
        created_at=now,
    )


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
