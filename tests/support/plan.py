"""What is sent, when, and where it breaks: a script's misbehaviour as a list of acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

from tests.support.script import Cut, Script
from tests.support.wires.frames import Frame


class Send(Struct, frozen=True):
    """Bytes of the body."""

    data: bytes
    frame: Frame | None = None
    """The frame that is complete with the last of these bytes."""


class Pause(Struct, frozen=True):
    """Wait for so many seconds."""

    seconds: float


class Stall(Struct, frozen=True):
    """Wait as the script's `stall` says."""


class Break(Struct, frozen=True):
    """Leave off here."""

    cut: Cut


Act: TypeAlias = Send | Pause | Stall | Break


def plan(script: Script, frames: list[Frame]) -> Iterator[Act]:
    """The acts of one answer's body, in order."""
    acts: Iterator[Act] = _by_event(script, frames)
    if script.trickle is not None:
        acts = _trickled(acts, *script.trickle)
    if script.cut_after_bytes is not None:
        acts = _cut_at(acts, script.cut_after_bytes, script.cut)
    return acts


def _by_event(script: Script, frames: list[Frame]) -> Iterator[Act]:
    for position in range(len(frames) + 1):
        if position == script.cut_after_events:
            yield Break(script.cut)
            return
        if position == script.stall_after_events:
            yield Stall()
        yield from (Send(data) for at, data in script.insert if at == position)
        if position == len(frames):
            return
        if script.pace and position:
            yield Pause(script.pace)
        yield Send(frames[position].data, frames[position])


def _trickled(acts: Iterable[Act], size: int, seconds: float) -> Iterator[Act]:
    for act in acts:
        if not isinstance(act, Send):
            yield act
            continue
        for start in range(0, len(act.data), size):
            end = start + size
            yield Send(act.data[start:end], act.frame if end >= len(act.data) else None)
            yield Pause(seconds)


def _cut_at(acts: Iterable[Act], left: int, cut: Cut) -> Iterator[Act]:
    for act in acts:
        if isinstance(act, Send):
            if len(act.data) > left:
                yield Send(act.data[:left])
                yield Break(cut)
                return
            left -= len(act.data)
        yield act
