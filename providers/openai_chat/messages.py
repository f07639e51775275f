"""Items to messages: the assistant's text, calls and reasoning of one turn become one message, and
every tool result follows the turn that called for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import assert_never

import msgspec

from providers.history import Warnings, Writing
from providers.openai_chat.content import attachment_kind, content_of, split_result
from providers.openai_chat.profile import ChatProfile
from providers.openai_chat.request import CalledFunction, ChatMessage, ContentPart, TextPart, ToolCall
from specs.items import (
    Audio,
    Compaction,
    ContextItem,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Message,
    Reasoning,
    Summary,
    Thought,
    Video,
    as_message,
    plain_text,
)

_encode_json = msgspec.json.Encoder().encode


class MessagesWriting(Writing, frozen=True):
    """Writes for one model at one place."""

    profile: ChatProfile
    origin: str
    """Where reasoning must come from to be sent back."""

    def write(self, items: Sequence[ContextItem], warnings: Warnings, *, after: int) -> bytes:
        """See `Writing`."""
        writer = _Writer(self.profile, self.origin, warnings)
        for item in items:
            writer.add(item)
        writer.end_turn()
        writer.end_results()
        return _encode_json(writer.messages)[1:-1]


def instructing(instructions: str | None, profile: ChatProfile) -> bytes:
    """The message that comes first; nothing where there are no instructions."""
    return _encode_json(ChatMessage(profile.system_role, instructions)) if instructions else b""


class _Turn:
    """What the assistant said since anyone else spoke."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.thoughts: list[str] = []
        self.calls: list[ToolCall] = []
        self.hosted: list[ChatMessage] = []
        self.step: int | None = None
        """Of its hosted calls."""

    @property
    def waits(self) -> bool:
        """Whether a call of it has its result still to come."""
        return len(self.calls) > len(self.hosted)


class _Writer:
    def __init__(self, profile: ChatProfile, origin: str, warnings: Warnings) -> None:
        self.messages: list[ChatMessage] = []
        self._profile = profile
        self._origin = origin
        self._warnings = warnings
        self._turn: _Turn | None = None
        """The one under way, unless it is a text so far: that is written at once, and may go on."""
        self._last_text: str | None = None
        """The last message, where it is such a text."""
        self._attached: list[ContentPart] = []

    def add(self, item: ContextItem) -> None:
        match item:
            case Message() if self._turn is None and not self._attached:
                self._write(item)
            case Message(role="assistant"):
                self._assistant(item)
            case Message():
                self._said(item)
            case Compaction():
                self._said(as_message(item))
            case Reasoning():
                self._reasoning(item)
            case FunctionCall():
                self._called(item.call_id, item.name, item.arguments, step=None)
            case FunctionResult():
                self._result(item)
            case HostedCall():
                self._hosted(item)
            case _:
                assert_never(item)

    def _begun(self) -> _Turn:
        """The turn under way."""
        if self._turn is None:
            self._turn = _Turn()
            if self._last_text is not None:
                self._turn.texts.append(self._last_text)
                self.messages.pop()
                self._last_text = None
        return self._turn

    def end_turn(self) -> None:
        """Write the assistant's message, and the results of what was run for it."""
        turn, self._turn, self._last_text = self._turn, None, None
        if turn is None or not (turn.texts or turn.calls):
            return
        thoughts = "\n".join(turn.thoughts)
        replay = (
            {self._profile.reasoning_replay: thoughts} if self._profile.reasoning_replay and thoughts else {}
        )
        content = "\n".join(turn.texts) or (None if turn.calls else "")
        self.messages.append(ChatMessage("assistant", content, tool_calls=tuple(turn.calls), **replay))
        self.messages.extend(turn.hosted)

    def end_results(self) -> None:
        """Write what tool messages could not hold, once no more of them follow."""
        if self._attached:
            self.messages.append(ChatMessage("user", tuple(self._attached)))
            self._attached = []

    def _assistant(self, item: Message) -> None:
        self.end_results()
        turn = self._turn
        if turn is not None and (turn.waits or not (turn.texts or turn.calls)):
            turn.texts.append(plain_text(item.content))
            return
        self.end_turn()
        self._write(item)

    def _said(self, item: Message) -> None:
        self.end_turn()
        self.end_results()
        self._write(item)

    def _write(self, item: Message) -> None:
        """Write a message where nothing is under way."""
        if item.role == "assistant":
            self._last_text = plain_text(item.content)
            self.messages.append(ChatMessage("assistant", self._last_text))
            return
        self._last_text = None
        role = "user" if item.role == "user" else self._profile.system_role
        content = content_of(item.content, self._profile.attachments, self._warnings)
        self.messages.append(ChatMessage(role, content, name=item.name))

    def _reasoning(self, item: Reasoning) -> None:
        """Of use only to the model that thought it."""
        if self._profile.reasoning_replay is None or item.origin != self._origin:
            return
        self.end_results()
        if self._turn is not None and self._turn.hosted and not self._turn.waits:
            self.end_turn()
        thoughts = (part.text for part in item.content if isinstance(part, Thought | Summary))
        self._begun().thoughts.extend(thoughts)

    def _called(self, call_id: str, name: str, arguments: str, *, step: int | None) -> _Turn:
        """Write a call into its turn: hosted calls of one step belong together, and no others to them."""
        self.end_results()
        turn = self._turn
        if turn is not None and turn.hosted and not turn.waits and (step is None or step != turn.step):
            self.end_turn()
        turn = self._begun()
        turn.step = step
        turn.calls.append(ToolCall(self._call_id(call_id), CalledFunction(name, arguments or "{}")))
        return turn

    def _hosted(self, item: HostedCall) -> None:
        """A call the server ran: to the model it is one of its own, with its result."""
        turn = self._called(item.call_id, item.tool, item.arguments, step=item.step)
        output = item.output if item.output is not None else item.error or ""
        turn.hosted.append(ChatMessage("tool", output, tool_call_id=self._call_id(item.call_id)))

    def _result(self, item: FunctionResult) -> None:
        self.end_turn()
        text, attached = split_result(item.output)
        if attached:
            note = self._attach(item, attached)
            text = f"{text}\n{note}" if text else note
        self.messages.append(ChatMessage("tool", text, tool_call_id=self._call_id(item.call_id)))

    def _attach(self, item: FunctionResult, attached: tuple[Image | File | Audio | Video, ...]) -> str:
        """Put what a tool message cannot hold into a user message after it; return the note that says so."""
        kinds = ", ".join(dict.fromkeys(attachment_kind(part) for part in attached))
        self._warnings.append(
            ("input", f"A tool's {kinds} went to the model in a user message after the result.")
        )
        content = content_of(attached, self._profile.attachments, self._warnings)
        self._attached.append(TextPart(f"Result of tool call {self._call_id(item.call_id)}:"))
        self._attached.extend((TextPart(content),) if isinstance(content, str) else content)
        return f"[{kinds}: see the next user message]"

    def _call_id(self, call_id: str) -> str:
        return nine_characters(call_id) if self._profile.nine_character_ids else call_id


def nine_characters(call_id: str) -> str:
    """Turn an id into nine letters and digits, always the same; one that is so already stays."""
    if len(call_id) == 9 and call_id.isascii() and call_id.isalnum():
        return call_id
    return sha256(call_id.encode()).hexdigest()[:9]
