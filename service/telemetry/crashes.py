"""Exceptions as fields of a log line: what was raised and where. Neither local variables nor messages,
which may quote what a caller sent; only the words of the operating system and of the database."""

from __future__ import annotations

from traceback import extract_tb

from msgspec import Struct

MOST_FRAMES = 40
"""Of one exception, the innermost."""
MOST_CAUSES = 8


class Raised(Struct, frozen=True, omit_defaults=True):
    """One exception of a chain."""

    type: str
    at: tuple[str, ...] = ()
    """`file:line function`, the innermost last."""
    reason: str = ""
    """The system's or the database's own word for it, where it has one."""
    group: tuple[tuple[Raised, ...], ...] = ()
    """The chains of an exception group."""


def chain(error: BaseException) -> tuple[Raised, ...]:
    """An exception and what it came from, the outermost first."""
    found: list[Raised] = []
    current: BaseException | None = error
    while current is not None and len(found) < MOST_CAUSES:
        found.append(_raised(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return tuple(found)


def _raised(error: BaseException) -> Raised:
    kind = type(error)
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return Raised(
        f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
        tuple(
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in extract_tb(error.__traceback__)[-MOST_FRAMES:]
        ),
        _reason(error),
        tuple(chain(member) for member in members[:MOST_CAUSES]),
    )


def _reason(error: BaseException) -> str:
    """What is safe to say: a message may hold what somebody wrote."""
    for name in ("sqlite_errorname", "sqlstate"):
        if reason := getattr(error, name, None):
            return str(reason)
    return error.strerror or "" if isinstance(error, OSError) else ""
