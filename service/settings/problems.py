"""What can be wrong with a configuration, told so that it can be mended."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SettingsError(Exception):
    """The configuration cannot be used; `problems` says why, one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Problems:
    """Collects what is wrong, so that one look shows everything."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, where: str, path: str, what: str) -> None:
        """Note that the value at `path` of `where` (a file, or the environment) is wrong."""
        self.found.append(f"{where}: {path}: {what}" if path else f"{where}: {what}")

    def check(self) -> None:
        """Raise SettingsError when anything was noted."""
        if self.found:
            raise SettingsError(self.found)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, if any does."""
    candidates = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(name.lower(), candidates, n=1, cutoff=0.5)
    return candidates[matches[0]] if matches else None


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, with the nearest that is, or all of them."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return f"unknown; did you mean {close!r}?"
    return "unknown; known here: " + ", ".join(repr(each) for each in names)
