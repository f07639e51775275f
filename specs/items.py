"""Items: the unit of context. They go both ways: what a run emits can be sent back as input.

An item that streams is a sequence of parts; `with_parts` joins finished parts to an item.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

from msgspec import UNSET, Raw, Struct, UnsetType, structs

Status: TypeAlias = Literal["in_progress", "completed", "incomplete", "failed"]
Role: TypeAlias = Literal["system", "developer", "user", "assistant"]
Lifetime: TypeAlias = Literal["5m", "1h"]
"""How long a provider is asked to keep in its cache what goes before a mark, and what is marked."""


class UrlCitation(Struct, frozen=True, tag="url_citation"):
    """A source on the web for a stretch of the text; indices count characters."""

    url: str
    title: str = ""
    start: int = 0
    end: int = 0
    raw: str | UnsetType = UNSET
    """The provider's own words of it as JSON, for an API that has the same; here as in other sources."""


class FileCitation(Struct, frozen=True, tag="file_citation"):
    """A source among the caller's files."""

    file_id: str
    filename: str = ""
    index: int = 0
    raw: str | UnsetType = UNSET


Annotation: TypeAlias = UrlCitation | FileCitation


class Text(Struct, frozen=True, tag="text", omit_defaults=True):
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    logprobs: tuple[Raw, ...] = ()
    """Per-token log probabilities in OpenAI's shape, in order, as the provider sent them."""
    cache: Lifetime | None = None
    """The caller's cache mark, where a wire has such marks; here as in other parts and items."""


class Refusal(Struct, frozen=True, tag="refusal"):
    text: str = ""


class Image(Struct, frozen=True, tag="image", omit_defaults=True):
    url: str | None = None
    """An https URL or a `data:` URL."""
    file_id: str | None = None
    detail: str | None = None
    cache: Lifetime | None = None


class File(Struct, frozen=True, tag="file", omit_defaults=True):
    data: str | None = None
    """A `data:` URL, or bare base64."""
    url: str | None = None
    file_id: str | None = None
    filename: str | None = None
    cited: bool = False
    """Whether the answer is to say where in it it found what it says, where the model can."""
    cache: Lifetime | None = None


class Audio(Struct, frozen=True, tag="audio"):
    data: str
    """Base64."""
    format: str


class Video(Struct, frozen=True, tag="video"):
    url: str


class Summary(Struct, frozen=True, tag="summary"):
    """What the provider tells of its reasoning."""

    text: str = ""


class Thought(Struct, frozen=True, tag="thought", omit_defaults=True):
    """Raw reasoning, with the provider's signature where it signs."""

    text: str = ""
    signature: str | None = None


class Sealed(Struct, frozen=True, tag="sealed"):
    """Reasoning only its provider can read; kept byte for byte."""

    data: str = ""


class Arguments(Struct, frozen=True, tag="arguments"):
    """The JSON text of a call's arguments, as the model wrote it; a custom tool's are free text."""

    text: str = ""


MessagePart: TypeAlias = Text | Refusal | Image | File | Audio | Video
ReasoningPart: TypeAlias = Summary | Thought | Sealed
Part: TypeAlias = MessagePart | ReasoningPart | Arguments


class Message(Struct, frozen=True, tag="message", omit_defaults=True):
    id: str
    role: Role
    content: tuple[MessagePart, ...] = ()
    status: Status = "completed"
    phase: Literal["commentary", "final_answer"] | None = None
    name: str | None = None
    """Which participant speaks, where a wire can say so (Chat Completions)."""


class Reasoning(Struct, frozen=True, tag="reasoning", omit_defaults=True):
    id: str
    content: tuple[ReasoningPart, ...] = ()
    status: Status = "completed"
    origin: str | None = None
    """The wire and host that made it; signed or sealed parts return only there."""
    upstream_id: str | None = None
    """The provider's own id of it, where it wants that back."""


class FunctionCall(Struct, frozen=True, tag="function_call", omit_defaults=True):
    id: str
    call_id: str
    name: str
    arguments: str = ""
    status: Status = "completed"
    signature: str | None = None
    """A provider's signature over the call, replayed untouched."""
    custom: bool = False
    """A call of a custom tool: `arguments` is free text, not JSON."""
    cache: Lifetime | None = None


class FunctionResult(Struct, frozen=True, tag="function_result", omit_defaults=True):
    id: str
    call_id: str
    output: tuple[MessagePart, ...] = ()
    status: Status = "completed"
    error: bool = False
    custom: bool = False
    """The result of a custom tool's call."""
    cache: Lifetime | None = None


HostedKind: TypeAlias = Literal["mcp", "web_search"]
"""How an API shows a call that the server ran itself."""


class Source(Struct, frozen=True, omit_defaults=True):
    """What a search has found."""

    url: str
    title: str = ""


class HostedCall(Struct, frozen=True, tag="hosted_call", omit_defaults=True):
    """A call the server ran itself, and what came of it: the receipt."""

    id: str
    call_id: str
    label: str
    """The server or action the tool belongs to."""
    name: str
    """The tool as its server calls it."""
    arguments: str = ""
    output: str | None = None
    error: str | None = None
    status: Status = "completed"
    cache: Lifetime | None = None
    step: int | None = None
    """The model call of its run that made it: what was called together goes back together, so that what a
    provider has cached of a conversation stays its beginning."""
    called: str | None = None
    """The tool as the model calls it, where that is not `name`."""
    kind: HostedKind = "mcp"
    sources: tuple[Source, ...] = ()
    """Of a search: what it has found."""
    approval: str | None = None
    """The request by which the caller approved it."""
    code: str | None = None
    """Why it failed in a word, for an API that has words for it."""
    native: str | None = None
    """Where the provider made the call itself: the call in its own words as JSON, replayed untouched."""
    origin: str | None = None
    """The wire and host that made it, as of reasoning."""

    @property
    def tool(self) -> str:
        """The name that the model knows it by."""
        return self.called or self.name


class ListedTool(Struct, frozen=True, omit_defaults=True):
    """A tool as its server describes it."""

    name: str
    schema: Raw
    """JSON Schema of the arguments."""
    description: str | None = None
    annotations: Raw | UnsetType = UNSET
    """The server's hints as a JSON object."""


class ToolListing(Struct, frozen=True, tag="tool_listing", omit_defaults=True):
    """The tools that a server offered, or why it could not be asked."""

    id: str
    label: str
    tools: tuple[ListedTool, ...] = ()
    error: str | None = None
    status: Status = "completed"


class ApprovalRequest(Struct, frozen=True, tag="approval_request", omit_defaults=True):
    """A call that is only made once the caller approves it."""

    id: str
    """Also its seal: it holds for this call of this definition of the tool, in its project."""
    call_id: str
    label: str
    name: str
    arguments: str = ""
    status: Status = "completed"
    called: str | None = None
    """As in `HostedCall`."""
    step: int | None = None
    """As in `HostedCall`."""


class ApprovalResponse(Struct, frozen=True, tag="approval_response", omit_defaults=True):
    """What the caller says to such a request."""

    id: str
    request: str
    approve: bool
    reason: str | None = None


class Compaction(Struct, frozen=True, tag="compaction", omit_defaults=True):
    """A summary in place of what went before it."""

    id: str
    sealed: str = ""
    """The summary as its caller has it: only this server can open it."""
    summary: str = ""
    """Opened; what models are given."""


ContextItem: TypeAlias = Message | Reasoning | FunctionCall | FunctionResult | HostedCall | Compaction
"""What a model is given."""
Item: TypeAlias = ContextItem | ToolListing | ApprovalRequest | ApprovalResponse
"""The other three are between the caller and the server: no model sees them."""

SUMMARY_PREFACE = "Summary of the conversation so far:\n\n"
"""What a model is told of where a summary comes from."""


def as_message(item: Compaction) -> Message:
    """A summary as a model is given it."""
    return Message(item.id, "user", (Text(SUMMARY_PREFACE + item.summary),))


def with_parts(item: Item, parts: tuple[Part, ...], status: Status) -> Item:
    """Return the item with these finished parts and this status."""
    match item:
        case Message() | Reasoning():
            return structs.replace(item, content=parts, status=status)
        case FunctionCall() | HostedCall():
            text = "".join(part.text for part in parts if isinstance(part, Arguments))
            return structs.replace(item, arguments=text or item.arguments, status=status)
        case FunctionResult() | ToolListing() | ApprovalRequest():
            return structs.replace(item, status=status)
        case Compaction() | ApprovalResponse():
            return item
        case _:
            assert_never(item)


def part_text(part: Part) -> str:
    """What the deltas of this part concatenate to."""
    match part:
        case Text() | Refusal() | Summary() | Thought() | Arguments():
            return part.text
        case Sealed():
            return part.data
        case Image() | File() | Audio() | Video():
            return ""
        case _:
            assert_never(part)


def plain_text(parts: tuple[MessagePart, ...]) -> str:
    """The text of the parts, joined; what is not text is left out."""
    if len(parts) == 1 and type(parts[0]) is Text:
        return parts[0].text
    return "".join([part.text for part in parts if isinstance(part, Text | Refusal)])
