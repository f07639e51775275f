"""What a response states back of its request, and how much of the answer it is to show."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType, structs

from service.dialects.base import Reading
from specs.openai.responses import ToolChoiceEcho, ToolEcho, Truncation


class Echo(Struct, frozen=True, kw_only=True):
    """The caller's own words; the agent's instructions and tools are not among them."""

    model: str
    instructions: str | None = None
    tools: tuple[ToolEcho, ...] = ()
    tool_choice: ToolChoiceEcho = "auto"
    max_tool_calls: int | None = None
    truncation: Truncation = "disabled"
    metadata: dict[str, str] = {}
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    user: str | UnsetType = UNSET
    sealed: bool = False
    """Whether reasoning items carry `encrypted_content`."""
    sources: bool = False
    """Whether searches name the pages they found."""
    results: bool = False
    """Whether they show them with their titles."""
    padded: bool = False
    """Whether deltas carry `obfuscation`."""
    previous: str | None = None
    conversation: str | None = None
    store: bool = False
    background: bool = False


def echo_of(reading: Reading) -> Echo:
    """The echo of a request, with its agent and state as they were found to be after it was read."""
    assert isinstance(reading.wire, Echo)
    state = reading.state
    return structs.replace(
        reading.wire,
        model=reading.request.agent,
        previous=state.previous,
        conversation=state.conversation,
        store=state.store,
        background=state.background,
    )
