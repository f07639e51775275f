"""What the headers that tell of limits mean, for the API's description."""

from __future__ import annotations

from service.http.schemas import Json

_OF = {"requests": "requests of this route's class", "tokens": "tokens of this key's runs"}
_COUNT: Json = {"type": "string", "pattern": "^[0-9]+$"}
_DURATION: Json = {"type": "string", "examples": ["6m0s", "1.5s", "12ms"]}

LIMIT_HEADERS: dict[str, Json] = {
    f"x-ratelimit-{part}-{kind}": {"description": words.format(of), "schema": schema}
    for kind, of in _OF.items()
    for part, words, schema in (
        ("limit", "The most {} in a window; absent where nothing limits them.", _COUNT),
        ("remaining", "How many more {} there may be in it.", _COUNT),
        ("reset", "How long until the window of {} is over.", _DURATION),
    )
}
"""By name; where several limits hold, the tightest is told."""
