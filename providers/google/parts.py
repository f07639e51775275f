"""The parts of an answer as items: text into messages, thoughts into reasoning, calls by themselves.

A signature goes with its call. One on text or thought becomes a sealed part of the reasoning item that
stands there, so that it can go back byte for byte.
Source: https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from providers.google import wire
from providers.google.arguments import ArgumentsBuilder
from providers.google.searches import Findings
from providers.parts import PartTracker
from providers.searching import search_begun
from specs.items import (
    Arguments,
    FunctionCall,
    Message,
    Reasoning,
    Sealed,
    Status,
    Summary,
    Text,
    UrlCitation,
)

MAX_CALL_ID = 64
"""Characters of a call id that every API we serve accepts."""
_TEXT, _SUMMARY, _ARGUMENTS, _SEARCH = "text", "summary", "arguments", "search"


class Parts:
    """Say what was seen, in order; the events appear in the tracker."""

    def __init__(self, tracker: PartTracker, *, origin: str) -> None:
        self._tracker = tracker
        self._origin = origin
        self._open: str | None = None
        """The message or reasoning item under way."""
        self._items = 0
        self._text = ""
        self._builder: ArgumentsBuilder | None = None
        self._call = wire.Call()
        self._signature: str | None = None
        self._signatures: list[str] = []
        """Of the message under way."""
        self.calls = 0

    def text(self, text: str, logprobs: tuple[Raw, ...] = ()) -> None:
        """More of what the model says."""
        if text or logprobs:
            key = self._enter("message")
            self._tracker.start_part(key, _TEXT, Text())
            self._tracker.delta(key, _TEXT, text, logprobs)
            self._text += text

    def thought(self, text: str) -> None:
        """More of what it tells of its thoughts."""
        if text:
            key = self._enter("reasoning")
            self._tracker.start_part(key, _SUMMARY, Summary())
            self._tracker.delta(key, _SUMMARY, text)

    def sign(self, signature: str) -> None:
        """The signature of the text or thought just seen; that of a text is told once the text is over."""
        if self._open is not None and self._open.startswith("message"):
            self._signatures.append(signature)
        else:
            self._seal(signature)

    def call(self, call: wire.Call, signature: str | None) -> None:
        """A call, whole or in pieces."""
        if call.name:
            self._finish_call()
            self._call, self._signature = call, signature
            self._builder = ArgumentsBuilder()
        if self._builder is not None:
            self._builder.add(call.partial_args)
        self._signature = self._signature or signature
        if not call.will_continue:
            self._finish_call()

    def cite(self, grounding: wire.Grounding) -> None:
        """Where what the open text says was found."""
        if self._open is None or not self._open.startswith("message"):
            return
        for support in grounding.grounding_supports:
            for citation in _citations(support, grounding.grounding_chunks, self._text):
                self._tracker.annotate(self._open, _TEXT, citation)

    def searched(self, findings: Findings, status: Status) -> None:
        """The searches behind what was said, which is over and ends with this status."""
        self.end_speech(status)
        call = self._tracker.call
        id = call.new_id("ws")
        search = search_begun(id, id, step=call.step, origin=self._origin)
        self._tracker.start_item(_SEARCH, search)
        self._tracker.replace_item(_SEARCH, findings.of(search))
        self._tracker.end_item(_SEARCH)

    def end_speech(self, status: Status = "completed") -> None:
        """End the message or reasoning that is open."""
        if self._open is not None:
            self._tracker.end_item(self._open, status)
            self._open = None
            self._text = ""
        signatures, self._signatures = self._signatures, []
        for signature in signatures:
            self._seal(signature)

    def finish(self) -> None:
        """No more comes: a call whose last piece never came is as whole as it will be."""
        self._finish_call()
        if self._signatures:
            self.end_speech()

    def _enter(self, kind: str) -> str:
        if self._open is not None and self._open.startswith(kind):
            return self._open
        self.end_speech()
        self._items += 1
        self._open = f"{kind} {self._items}"
        new_id = self._tracker.call.new_id
        if kind == "message":
            self._tracker.start_item(
                self._open, Message(id=new_id("msg"), role="assistant", status="in_progress")
            )
        else:
            reasoning = Reasoning(id=new_id("rs"), status="in_progress", origin=self._origin)
            self._tracker.start_item(self._open, reasoning)
        return self._open

    def _seal(self, signature: str) -> None:
        key = self._enter("reasoning")
        self._tracker.end_part(key, _SUMMARY)
        self._tracker.start_part(key, signature, Sealed())
        self._tracker.delta(key, signature, signature)
        self.end_speech()

    def _finish_call(self) -> None:
        """Write the call down whole: its pieces come in no order that could be streamed."""
        builder, self._builder = self._builder, None
        if builder is None:
            return
        self.end_speech()
        self.calls += 1
        call, new_id = self._call, self._tracker.call.new_id
        id = call.id if call.id and len(call.id) <= MAX_CALL_ID else new_id("call")
        key = f"call {self.calls}"
        skeleton = FunctionCall(
            id=new_id("fc"),
            call_id=id,
            name=call.name or "",
            status="in_progress",
            signature=self._signature,
        )
        self._tracker.start_item(key, skeleton)
        self._tracker.start_part(key, _ARGUMENTS, Arguments())
        self._tracker.delta(key, _ARGUMENTS, _arguments(call.args, builder))
        self._tracker.end_item(key)


def logprobs_of(result: wire.LogprobsResult | None) -> tuple[Raw, ...]:
    """Log probabilities in OpenAI's shape."""
    if result is None:
        return ()
    tops: Sequence[wire.Chances] = result.top_candidates
    return tuple(
        Raw(
            msgspec.json.encode(
                {
                    **_chance(chosen),
                    "top_logprobs": [
                        _chance(other) for other in (tops[place].candidates if place < len(tops) else ())
                    ],
                }
            )
        )
        for place, chosen in enumerate(result.chosen_candidates)
    )


def _chance(chance: wire.Chance) -> dict[str, object]:
    return {
        "token": chance.token,
        "logprob": chance.log_probability,
        "bytes": list(chance.token.encode()),
    }


def _arguments(args: Raw, builder: ArgumentsBuilder) -> str:
    return bytes(args).decode() if args is not wire.NOTHING and bytes(args) != b"null" else builder.text


def _citations(support: wire.Support, sources: Sequence[wire.Source], text: str) -> list[UrlCitation]:
    """The web pages behind a stretch of the text; Google counts its ends in bytes."""
    encoded, segment = text.encode(), support.segment
    start = len(encoded[: segment.start_index].decode(errors="ignore"))
    end = len(encoded[: segment.end_index].decode(errors="ignore"))
    found = [sources[place].web for place in support.grounding_chunk_indices if 0 <= place < len(sources)]
    return [UrlCitation(web.uri, web.title, start, end) for web in found if web is not None]
