"""What requests to the Messages API mean: single facts about the reader."""

from __future__ import annotations

from base64 import b64encode

import msgspec
import pytest

from service.dialects.base import Reading
from service.dialects.messages import MessagesDialect, read_request
from service.dialects.messages.thinking import seal
from specs.items import (
    Compaction,
    File,
    FileCitation,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Message,
    Reasoning,
    Sealed,
    Summary,
    Text,
    Thought,
    UrlCitation,
)
from specs.requests import (
    CacheMark,
    CompactAsk,
    FilePlace,
    FunctionTool,
    ResponseFormat,
    RunRequest,
    Settings,
    ToolChoice,
)
from tests.support.events import counting_ids

CACHED = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
TOOL = {"name": "f", "input_schema": {"type": "object"}}


def read(messages: list | None = None, **fields) -> Reading:
    messages = [{"role": "user", "content": "Hi"}] if messages is None else messages
    body = {"model": "agent_demo", "max_tokens": 900, "messages": messages, **fields}
    return MessagesDialect().read(msgspec.json.encode(body), counting_ids())


def request(messages: list | None = None, **fields) -> RunRequest:
    return read(messages, **fields).request


def items(*messages: dict) -> tuple:
    return request(list(messages)).items


def said(*blocks: dict, role: str = "user") -> tuple:
    """The items of one message."""
    return items({"role": role, "content": list(blocks)})


def settings(**fields) -> Settings:
    return request(**fields).settings


def test_the_least_request():
    reading = read()
    expected = Settings(max_output_tokens=900)
    assert reading.request == RunRequest(
        "agent_demo", (Message("msg_1", "user", (Text("Hi"),)),), settings=expected
    )
    assert reading.stream is False
    assert reading.state.store is False


def test_it_may_be_streamed():
    assert read(stream=True).stream


@pytest.mark.parametrize("role", ["user", "assistant", "system"])
def test_messages_of_every_role(role):
    assert items({"role": role, "content": "Hi"})[0] == Message("msg_1", role, (Text("Hi"),))
    assert said({"type": "text", "text": "Hi"}, role=role)[0] == Message("msg_1", role, (Text("Hi"),))


def test_a_system_message_may_stand_in_mid_conversation():
    turns = [{"role": role, "content": role} for role in ("user", "assistant", "user", "system")]
    assert [item.role for item in items(*turns)] == ["user", "assistant", "user", "system"]


def test_empty_text_says_nothing():
    assert len(items({"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""})) == 1


def test_system_is_a_text():
    assert request(system="Be brief.").instructions == "Be brief."


def test_system_is_blocks_with_marks():
    blocks = [
        {"type": "text", "text": "One"},
        {"type": "text", "text": "Two", "cache_control": CACHED},
        {"type": "text", "text": "Three", "cache_control": HOUR},
    ]
    found = request(system=blocks)
    assert found.instructions == "One\n\nTwo\n\nThree"
    assert found.instruction_marks == (CacheMark(8, "5m"), CacheMark(15, "1h"))


@pytest.mark.parametrize(
    ("source", "image"),
    [
        (
            {"type": "base64", "media_type": "image/png", "data": "aGk="},
            Image("data:image/png;base64,aGk="),
        ),
        ({"type": "url", "url": "https://example.org/a.png"}, Image("https://example.org/a.png")),
        ({"type": "file", "file_id": "file-1"}, Image(file_id="file-1")),
    ],
)
def test_images(source, image):
    assert said({"type": "image", "source": source})[0].content == (image,)


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (
            {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
            File("data:application/pdf;base64,aGk=", filename="T"),
        ),
        (
            {"type": "url", "url": "https://example.org/a.pdf"},
            File(url="https://example.org/a.pdf", filename="T"),
        ),
        (
            {"type": "text", "media_type": "text/plain", "data": "hi"},
            File(f"data:text/plain;base64,{b64encode(b'hi').decode()}", filename="T"),
        ),
        (
            {"type": "content", "content": "hi"},
            File(f"data:text/plain;base64,{b64encode(b'hi').decode()}", filename="T"),
        ),
        ({"type": "file", "file_id": "file-1"}, File(file_id="file-1", filename="T")),
    ],
)
def test_documents(source, file):
    assert said({"type": "document", "source": source, "title": "T"})[0].content == (file,)


def test_a_document_may_be_cited_and_has_a_context():
    source = {"type": "url", "url": "https://example.org/a.pdf"}
    block = {"type": "document", "source": source, "citations": {"enabled": True}, "context": "Old."}
    assert said(block)[0].content == (
        Text("About the document that follows: Old."),
        File(url="https://example.org/a.pdf", cited=True),
    )


def test_a_document_may_be_made_of_blocks():
    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    source = {"type": "content", "content": [{"type": "text", "text": "See"}, image]}
    block = {"type": "document", "source": source, "title": "T", "cache_control": CACHED}
    assert said(block)[0].content == (
        Text("Document 'T':"),
        Text("See"),
        Image("https://example.org/a.png", cache="5m"),
    )


def test_stored_files_are_named_where_they_stand():
    found = read(
        [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "x"}}]}]
    )
    assert found.files == (FilePlace("x", "messages[0].content[0].source.file_id"),)


def test_a_search_result_is_text_with_its_source():
    block = {
        "type": "search_result",
        "source": "https://example.org/",
        "title": "T",
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
    }
    assert said(block)[0].content == (Text("T\nhttps://example.org/\n\na\nb"),)


def test_what_an_earlier_answer_cited_is_kept():
    citations = [
        {
            "type": "web_search_result_location",
            "url": "https://example.org/",
            "title": "T",
            "cited_text": "x",
        },
        {"type": "char_location", "document_title": "D", "document_index": 0, "cited_text": "x"},
    ]
    (text,) = said({"type": "text", "text": "Hi", "citations": citations}, role="assistant")[0].content
    assert text.annotations == (UrlCitation("https://example.org/", "T", 0, 2), FileCitation("", "D", 2))


def test_a_call_and_its_result():
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok", "is_error": True}
    found = items(
        {"role": "user", "content": "Go"},
        {"role": "assistant", "content": [CALL]},
        {"role": "user", "content": [result, {"type": "text", "text": "And?"}]},
    )
    assert found[1:] == (
        FunctionCall("fc_2", "toolu_1", "f", '{"a":1}'),
        FunctionResult("fco_3", "toolu_1", (Text("ok"),), error=True),
        Message("msg_4", "user", (Text("And?"),)),
    )


def test_a_result_may_hold_images_and_documents():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "text", "text": "a"}, image],
    }
    found = items({"role": "assistant", "content": [CALL]}, {"role": "user", "content": [result]})
    assert found[1].output == (Text("a"), Image("data:image/png;base64,aGk="))


def test_a_result_may_be_empty():
    result = {"type": "tool_result", "tool_use_id": "toolu_1"}
    found = items({"role": "assistant", "content": [CALL]}, {"role": "user", "content": [result]})
    assert found[1].output == ()


def test_thinking_of_ours_is_restored_to_the_item_it_was():
    item = Reasoning("rs_9", origin="host#m", upstream_id="up_1")
    parts = (Summary("Sum"), Thought("So", "sig=="), Sealed("xyz"))
    blocks = [
        {"type": "thinking", "thinking": "Sum", "signature": seal(item, parts[0], with_text=False)},
        {"type": "thinking", "thinking": "So", "signature": seal(item, parts[1], with_text=False)},
        {"type": "redacted_thinking", "data": seal(item, parts[2], with_text=False)},
    ]
    assert said(*blocks, role="assistant") == (Reasoning("rs_9", parts, origin="host#m", upstream_id="up_1"),)


def test_thinking_that_was_not_shown_comes_back_with_its_text():
    sealed = seal(Reasoning("rs_9", origin="o"), Thought("So", "sig=="), with_text=True)
    block = {"type": "thinking", "thinking": "", "signature": sealed}
    assert said(block, role="assistant") == (Reasoning("rs_9", (Thought("So", "sig=="),), origin="o"),)


@pytest.mark.parametrize("signature", ["sig==", "drgm1.", "drgm1.AAAA", "drgm1.é"])
def test_a_signature_that_is_not_ours_is_of_unknown_origin(signature):
    block = {"type": "thinking", "thinking": "So", "signature": signature}
    assert said(block, role="assistant") == (Reasoning("rs_1", (Thought("So", signature),)),)


def test_redacted_thinking_that_is_not_ours_is_kept_as_it_is():
    block = {"type": "redacted_thinking", "data": "xyz"}
    assert said(block, role="assistant") == (Reasoning("rs_1", (Sealed("xyz"),)),)


def test_what_this_server_ran_is_a_call_with_its_result():
    use = {"type": "mcp_tool_use", "id": "call_1", "name": "search", "server_name": "web", "input": {}}
    result = {"type": "mcp_tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "It"}]}
    assert said(use, result, role="assistant") == (
        HostedCall("mcp_1", "call_1", "web", "search", "{}", output="It"),
    )
    failed = {**result, "is_error": True}
    assert said(use, failed, role="assistant")[0].error == "It"


def test_what_another_server_ran_is_one_too_without_what_only_it_can_read():
    use = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
    found = [{"type": "web_search_result", "url": "https://a/", "title": "A", "encrypted_content": "zzz"}]
    result = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": found}
    (call,) = said(use, result, role="assistant")
    assert (call.label, call.name, call.arguments) == ("web_search", "web_search", '{"query":"x"}')
    assert call.output == '[{"type":"web_search_result","url":"https://a/","title":"A"}]'


def test_a_summary_stands_for_what_went_before():
    found = said({"type": "compaction", "content": "We met.", "encrypted_content": "x"}, role="assistant")
    assert found == (Compaction("cmp_1", summary="We met."),)


def test_a_summary_that_failed_is_none():
    blocks = [{"type": "compaction", "content": None}, {"type": "text", "text": "Hi"}]
    assert [type(item) for item in said(*blocks, role="assistant")] == [Message]


@pytest.mark.parametrize(
    ("edit", "threshold"),
    [
        ({}, 150_000),
        ({"trigger": None}, 150_000),
        ({"trigger": {"type": "input_tokens", "value": 9_000}}, 9_000),
    ],
)
def test_a_long_context_may_be_compacted(edit, threshold):
    found = request(context_management={"edits": [{"type": "compact_20260112", **edit}]})
    assert (found.compaction, found.warnings) == (CompactAsk(threshold), ())


def test_cache_marks_stay_with_what_they_mark():
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "ok", "cache_control": HOUR}
    found = request(
        [
            {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": CACHED}]},
            {"role": "assistant", "content": [{**CALL, "cache_control": CACHED}]},
            {"role": "user", "content": [result]},
        ],
        tools=[{**TOOL, "cache_control": HOUR}],
    )
    assert found.items[0].content[0].cache == "5m"
    assert [item.cache for item in found.items[1:]] == ["5m", "1h"]
    assert found.tools[0].cache == "1h"


def test_a_mark_on_the_request_is_on_its_last_block():
    assert request(cache_control=HOUR).items[0].content == (Text("Hi", cache="1h"),)


def test_tools_and_their_choice():
    tool = {**TOOL, "type": "custom", "description": "D", "strict": True, "eager_input_streaming": True}
    found = request(
        tools=[tool], tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": True}
    )
    schema = msgspec.Raw(b'{"type":"object"}')
    assert found.tools == (FunctionTool("f", "D", schema, strict=True),)
    assert found.tool_choice == ToolChoice("required", name="f", params=("tool_choice.name",))
    assert found.settings.parallel_tool_calls is False
    assert found.warnings == ()


@pytest.mark.parametrize(("kind", "mode"), [("auto", "auto"), ("any", "required"), ("none", "none")])
def test_choices_without_a_name(kind, mode):
    assert request(tool_choice={"type": kind}).tool_choice == ToolChoice(mode)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}),
        ({"stop_sequences": ["a", "b"]}, {"stop": ("a", "b")}),
        ({"service_tier": "auto"}, {"service_tier": "auto"}),
        ({"service_tier": "standard_only"}, {"service_tier": "default"}),
        ({"metadata": {"user_id": "u"}}, {"safety_identifier": "u"}),
        ({"metadata": None}, {}),
        ({"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}),
        (
            {"max_tokens": 5000, "thinking": {"type": "enabled", "budget_tokens": 2000}},
            {"thinking_budget": 2000, "reasoning_summary": "auto", "max_output_tokens": 5000},
        ),
        (
            {"thinking": {"type": "adaptive"}},
            {"reasoning_effort": "high", "reasoning_summary": "auto"},
        ),
        (
            {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "low"}},
            {"reasoning_effort": "low"},
        ),
        ({"output_config": {"effort": "xhigh"}}, {"reasoning_effort": "xhigh"}),
    ],
)
def test_settings(fields, expected):
    assert settings(**fields) == Settings(**{"max_output_tokens": 900, **expected})


def test_a_long_user_id_goes_as_its_digest():
    identifier = settings(metadata={"user_id": "u" * 200}).safety_identifier
    assert len(identifier) == 64
    assert identifier == settings(metadata={"user_id": "u" * 200}).safety_identifier


@pytest.mark.parametrize("place", ["output_config", "output_format"])
def test_a_schema_for_the_answer(place):
    schema = {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}
    wanted = {"type": "json_schema", "schema": schema}
    found = settings(**{place: {"format": wanted} if place == "output_config" else wanted}).response_format
    expected = msgspec.Raw(msgspec.json.encode(schema))
    assert found == ResponseFormat("json_schema", "answer", schema=expected, strict=True)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"anyOf": [{"type": "object", "properties": {"a": {}}, "required": ["a"]}]},
    ],
)
def test_a_schema_with_open_objects_is_not_asked_to_be_strict(schema):
    assert settings(output_format={"type": "json_schema", "schema": schema}).response_format.strict is None


WARNED = [
    ({"top_k": 5}, "top_k"),
    ({"speed": "fast"}, "speed"),
    ({"container": "c"}, "container"),
    ({"diagnostics": {"previous_message_id": "m"}}, "diagnostics"),
    ({"fallbacks": [{"model": "m"}]}, "fallbacks"),
    ({"fallback_credit_token": "t"}, "fallback_credit_token"),
    ({"billing_policy": {}}, "billing_policy"),
    ({"user_profile_id": "u"}, "user_profile_id"),
    ({"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}, "context_management"),
    ({"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}}, "context_management"),
    (
        {"context_management": {"edits": [{"type": "compact_20260112", "instructions": "Be brief."}]}},
        "context_management.edits[0].instructions",
    ),
    (
        {"context_management": {"edits": [{"type": "compact_20260112", "pause_after_compaction": True}]}},
        "context_management.edits[0].pause_after_compaction",
    ),
    ({"thinking": {"type": "between_tools"}}, "thinking"),
    ({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}, "output_config.effort"),
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0]"),
    ({"tools": [{**TOOL, "defer_loading": True}]}, "tools[0].defer_loading"),
    ({"tools": [{**TOOL, "input_examples": [{}]}]}, "tools[0].input_examples"),
    ({"tools": [{**TOOL, "allowed_callers": ["code_execution_20260120"]}]}, "tools[0].allowed_callers"),
]


@pytest.mark.parametrize(("fields", "named"), WARNED, ids=[named for _, named in WARNED])
def test_what_is_left_out_is_named_by_a_warning(fields, named):
    (warning,) = request(**fields).warnings
    assert warning.startswith(named)


@pytest.mark.parametrize(
    "fields",
    [
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
        {"context_management": {"edits": []}},
        {"speed": "standard"},
        {"inference_geo": "global"},
        {"stream": None, "system": None, "tools": None, "thinking": None, "output_config": None},
        {"compaction": None, "thread": None, "cache_control": None, "tool_choice": None},
        {"betas": ["x"], "a_field_of_tomorrow": {"deep": [1]}},
    ],
)
def test_what_changes_nothing_is_taken_without_a_warning(fields):
    assert request(**fields).warnings == ()


@pytest.mark.parametrize("kind", ["container_upload", "tool_addition", "of_tomorrow"])
def test_blocks_nobody_knows_are_left_out_with_a_warning(kind):
    found = request([{"role": "user", "content": [{"type": kind, "x": 1}, {"type": "text", "text": "Hi"}]}])
    assert found.items == (Message("msg_1", "user", (Text("Hi"),)),)
    assert found.warnings[0].startswith("messages[0].content[0]")


def test_what_is_unknown_in_a_result_is_left_out_with_a_warning():
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "tool_reference", "tool_name": "f"}],
    }
    found = request([{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [result]}])
    assert found.items[1].output == ()
    assert found.warnings[0].startswith("messages[1].content[0].content[0]")


def test_where_input_is_only_counted_no_cap_is_needed():
    body = {"model": "a", "messages": [{"role": "user", "content": "Hi"}]}
    reading = read_request(msgspec.json.encode(body), counting_ids(), counts_only=True)
    assert reading.request.settings.max_output_tokens is None
