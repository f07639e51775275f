"""Whatever is wrong with a Chat Completions request is a 400 that names the field."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.dialects.chat import ChatDialect
from specs.errors import DragomanError, InvalidRequest, MalformedBody
from tests.support.events import counting_ids

USER = {"role": "user", "content": "Hi"}
CALL = {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CLOCK = {"type": "function", "function": {"name": "clock"}}
DEEP = "leaf"
for _ in range(33):
    DEEP = {"a": DEEP}


def failure(body: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        ChatDialect().read(body, counting_ids())
    return caught.value


def refused(**fields) -> InvalidRequest:
    return failure(msgspec.json.encode({"model": "a", "messages": [USER], **fields}))


def content(*parts: object, role: str = "user") -> dict:
    return {"messages": [USER, {"role": role, "content": list(parts)}]}


def function(**fields) -> dict:
    return {"tools": [CLOCK, {"type": "function", "function": {"name": "f", **fields}}]}


def schema(**fields) -> dict:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", **fields}}}


def allowed(mode: str, *names: str) -> dict:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {
        "tools": [CLOCK],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}},
    }


CASES = [
    ("model", {"model": None}),
    ("model", {"model": ""}),
    ("model", {"model": 5}),
    ("model", {"model": "a" * 257}),
    ("messages", {"messages": []}),
    ("messages", {"messages": None}),
    ("messages", {"messages": "Hi"}),
    ("messages", {"messages": [USER] * 20_001}),
    ("messages[0]", {"messages": ["Hi"]}),
    ("messages[1].role", {"messages": [USER, {"content": "Hi"}]}),
    ("messages[1].role", {"messages": [USER, {"role": "robot", "content": "Hi"}]}),
    ("messages[0].content", {"messages": [{"role": "user"}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": None}]}),
    ("messages[0].content", {"messages": [{"role": "system", "content": []}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": 5}]}),
    ("messages[0].name", {"messages": [{**USER, "name": 5}]}),
    ("messages[1].content[0]", content("Hi")),
    ("messages[1].content[0].type", content({"text": "Hi"})),
    ("messages[1].content[0].type", content({"type": "hologram"})),
    ("messages[1].content[1].text", content({"type": "text", "text": "Hi"}, {"type": "text"})),
    ("messages[1].content[0].text", content({"type": "text", "text": 5})),
    ("messages[1].content[0].image_url", content({"type": "image_url"})),
    ("messages[1].content[0].image_url.url", content({"type": "image_url", "image_url": {}})),
    (
        "messages[1].content[0].image_url.url",
        content({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}),
    ),
    ("messages[1].content[0].image_url", content({"type": "image_url", "image_url": "/a.png"})),
    (
        "messages[1].content[0].image_url.detail",
        content({"type": "image_url", "image_url": {"url": "data:,", "detail": "vast"}}),
    ),
    ("messages[1].content[0].video_url.url", content({"type": "video_url", "video_url": {"url": "a"}})),
    ("messages[1].content[0].input_audio", content({"type": "input_audio"})),
    (
        "messages[1].content[0].input_audio.data",
        content({"type": "input_audio", "input_audio": {"format": "wav"}}),
    ),
    (
        "messages[1].content[0].input_audio.format",
        content({"type": "input_audio", "input_audio": {"data": "", "format": "midi"}}),
    ),
    ("messages[1].content[0].file", content({"type": "file"})),
    ("messages[1].content[0].file.file_data", content({"type": "file", "file": {"filename": "a"}})),
    (
        "messages[1].content[0].file.file_data",
        content({"type": "file", "file": {"file_id": "file-1", "file_data": "AAAA"}}),
    ),
    ("messages[1].content[0].type", content({"type": "refusal", "refusal": "No."})),
    ("messages[1].content[0].refusal", content({"type": "refusal"}, role="assistant")),
    ("messages[1].content[0].type", content({"type": "image_url", "image_url": "data:,"}, role="assistant")),
    ("messages[1].content[0].type", content({"type": "image_url", "image_url": "data:,"}, role="system")),
    ("messages[0].audio", {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}),
    (
        "messages[0].tool_calls[0].id",
        {"messages": [{"role": "assistant", "tool_calls": [{"type": "function"}]}]},
    ),
    (
        "messages[0].tool_calls[0].function",
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]},
    ),
    (
        "messages[0].tool_calls[0].function.arguments",
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {}}}]}
            ]
        },
    ),
    ("messages[0].tool_call_id", {"messages": [{"role": "tool", "content": "Rain"}]}),
    (
        "messages[0].tool_call_id",
        {"messages": [{"role": "tool", "content": "Rain", "tool_call_id": "call_a"}]},
    ),
    (
        "messages[1].tool_call_id",
        {
            "messages": [
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "content": "", "tool_call_id": "call_b"},
            ]
        },
    ),
    ("messages[0].name", {"messages": [{"role": "function", "content": "Rain"}]}),
    ("messages[0].name", {"messages": [{"role": "function", "content": "Rain", "name": "weather"}]}),
    ("temperature", {"temperature": 2.1}),
    ("temperature", {"temperature": -0.1}),
    ("temperature", {"temperature": "hot"}),
    ("temperature", {"temperature": True}),
    ("top_p", {"top_p": 1.1}),
    ("presence_penalty", {"presence_penalty": -2.5}),
    ("frequency_penalty", {"frequency_penalty": 2.5}),
    ("max_tokens", {"max_tokens": 0}),
    ("max_tokens", {"max_tokens": 1.5}),
    ("max_tokens", {"max_tokens": 2**31}),
    ("max_completion_tokens", {"max_completion_tokens": -1}),
    ("stop", {"stop": ["a", "b", "c", "d", "e"]}),
    ("stop[1]", {"stop": ["a", ""]}),
    ("stop", {"stop": 5}),
    ("seed", {"seed": 2**63}),
    ("logprobs", {"logprobs": 5}),
    ("top_logprobs", {"logprobs": True, "top_logprobs": 21}),
    ("top_logprobs", {"top_logprobs": 2}),
    ("logit_bias", {"logit_bias": {"1": 101}}),
    ("logit_bias", {"logit_bias": {"1": "much"}}),
    ("reasoning_effort", {"reasoning_effort": "heroic"}),
    ("verbosity", {"verbosity": "chatty"}),
    ("service_tier", {"service_tier": "first class"}),
    ("safety_identifier", {"safety_identifier": "x" * 65}),
    ("n", {"n": 2}),
    ("n", {"n": 0}),
    ("store", {"store": True}),
    ("modalities", {"modalities": ["text", "audio"]}),
    ("modalities", {"modalities": ["smell"]}),
    ("audio", {"audio": {"voice": "alloy", "format": "wav"}}),
    ("moderation", {"moderation": {"model": "omni"}}),
    ("stream", {"stream": "yes"}),
    ("stream_options.include_usage", {"stream_options": {"include_usage": 1}}),
    ("metadata", {"metadata": {str(n): "" for n in range(17)}}),
    ("metadata", {"metadata": {"k" * 65: ""}}),
    ("metadata.k", {"metadata": {"k": "v" * 513}}),
    ("metadata", {"metadata": {"k": 5}}),
    ("response_format", {"response_format": "json"}),
    ("response_format.type", {"response_format": {}}),
    ("response_format.type", {"response_format": {"type": "xml"}}),
    ("response_format.json_schema", {"response_format": {"type": "json_schema"}}),
    ("response_format.json_schema.name", schema(name="a b")),
    ("response_format.json_schema.schema", schema(schema=[])),
    ("response_format.json_schema.schema", schema(schema=DEEP)),
    ("response_format.json_schema.schema", schema(schema={"a": "x" * 256 * 1024})),
    ("tools", {"tools": {}}),
    ("tools[0]", {"tools": ["clock"]}),
    ("tools[0].type", {"tools": [{}]}),
    ("tools[0].function.name", {"tools": [{"function": {}}]}),
    ("tools[0].function", {"tools": [{"type": "function"}]}),
    ("tools[0].function", {"tools": [{"type": "function", "function": None}]}),
    ("tools[0].function.name", {"tools": [{"type": "function", "function": {}}]}),
    ("tools[1].function.name", function(name="get weather")),
    ("tools[1].function.name", function(name="")),
    ("tools[1].function.name", function(name="f" * 65)),
    ("tools[1].function.description", function(description=5)),
    ("tools[1].function.strict", function(strict="yes")),
    ("tools[1].function.parameters", function(parameters="object")),
    ("tools[1].function.parameters", function(parameters=DEEP)),
    ("tools[1].function.parameters", function(parameters={"a": "x" * 256 * 1024})),
    ("functions[0].name", {"functions": [{"name": "a b"}]}),
    ("function_call", {"functions": [{"name": "f"}], "function_call": "always"}),
    ("tool_choice", {"tool_choice": "maybe"}),
    ("tool_choice", {"tool_choice": 5}),
    ("tool_choice.type", {"tool_choice": {}}),
    ("tool_choice.function", {"tools": [CLOCK], "tool_choice": {"type": "function"}}),
    ("tools[0].custom", {"tools": [{"type": "custom"}]}),
    ("tools[0].custom.name", {"tools": [{"type": "custom", "custom": {"name": "not ok"}}]}),
    (
        "tools[0].custom.format.grammar",
        {"tools": [{"type": "custom", "custom": {"name": "p", "format": {"type": "grammar"}}}]},
    ),
    ("tool_choice.custom", {"tool_choice": {"type": "custom"}}),
    ("tool_choice.allowed_tools", {"tool_choice": {"type": "allowed_tools"}}),
    ("tool_choice.allowed_tools.mode", allowed("maybe", "clock")),
    ("tool_choice.allowed_tools.tools", allowed("auto")),
]


@pytest.mark.parametrize(
    ("param", "fields"), CASES, ids=[f"{n}-{param}" for n, (param, _) in enumerate(CASES)]
)
def test_the_field_at_fault_is_named(param, fields):
    error = refused(**fields)
    assert error.param == param
    assert error.status == 400
    assert param in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize("field", ["model", "messages"])
def test_a_missing_field_is_named(field):
    body = {"model": "a", "messages": [USER]}
    del body[field]
    error = failure(msgspec.json.encode(body))
    assert (error.param, error.message) == (field, f"Missing required field '{field}'.")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": 2.1}, "temperature must be from 0 to 2; got 2.1."),
        ({"max_tokens": 0}, "max_tokens must be from 1 to 2147483647; got 0."),
        ({"verbosity": "chatty"}, "verbosity must be one of 'low', 'medium', 'high'; got 'chatty'."),
        ({"model": 5}, "model: expected string, got integer."),
        (
            {"messages": [{"role": "user", "content": 5}]},
            "messages[0].content: expected string or array or null, got integer.",
        ),
        (
            function(name="get weather"),
            "tools[1].function.name: 'get weather' may hold 1 to 64 letters, digits, '_' and '-'.",
        ),
        ({"n": 2}, "n must be 1: one answer a request; got 2."),
    ],
)
def test_messages_say_what_was_expected_and_found(fields, message):
    assert refused(**fields).message == message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"model":"a","messages":[{"role":"user","content":"Hi"}]',
        b'{"model":"a","messages":[]}x',
        b'{"model":"\xff","messages":[]}',
        b'{"unknown":"\xff","model":"a","messages":[]}',
        b'{"model":"\\ud800","messages":[]}',
        b'{"model":"\\udc00","messages":[]}',
        b"\xef\xbb\xbf{}",
        b'{"model":"a","messages":[],"x":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"model":"a","messages":[],"tools":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
        b'{"a":' * 100_000,
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_what_is_no_json_object_is_a_malformed_body(body):
    assert isinstance(failure(body), InvalidRequest)
    if b"tools" not in body:
        assert isinstance(failure(body), MalformedBody)


@pytest.mark.parametrize("character", [b"\\ud800", b"\\udc00x"])
def test_a_lone_surrogate_inside_a_schema_is_refused(character):
    body = b'{"model":"a","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":'
    assert failure(body + b'{"name":"f","parameters":{"a":"' + character + b'"}}}]}').status == 400


def test_a_number_out_of_range_is_named():
    body = b'{"model":"a","messages":[{"role":"user","content":"Hi"}],"temperature":1e999}'
    assert failure(body).param == "temperature"


@pytest.mark.parametrize(
    "values", [b'"tools":[' + b"{}," * 10**6 + b"{}]", b'"stop":[' + b'"",' * 10**6 + b'""]']
)
def test_millions_of_tiny_values_are_refused_unread(values):
    assert "too many values" in failure(b'{"model":"a","messages":[],' + values + b"}").message


def test_a_long_value_is_quoted_shortened():
    url = "javascript:" + "x" * 10_000
    assert len(refused(**content({"type": "image_url", "image_url": url})).message) < 250


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "auto", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_fields = st.sampled_from(
    [
        *(
            "messages",
            "tools",
            "tool_choice",
            "response_format",
            "functions",
            "function_call",
            "stop",
            "metadata",
        ),
        *(
            "logit_bias",
            "modalities",
            "stream_options",
            "temperature",
            "max_tokens",
            "n",
            "audio",
            "prediction",
        ),
    ]
)
_message = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "function", "system"])},
    optional={
        name: _json for name in ("content", "tool_calls", "tool_call_id", "name", "function_call", "audio")
    },
)


@given(fields=st.dictionaries(_fields, _json, max_size=3), messages=st.lists(_message, max_size=2))
def test_no_json_breaks_the_reader(fields, messages):
    body = msgspec.json.encode({"model": "a", "messages": [USER, *messages], **fields})
    error = outcome(body)
    assert error is None or (error.status == 400 and error.message)


def outcome(body: bytes) -> DragomanError | None:
    try:
        ChatDialect().read(body, counting_ids())
    except DragomanError as error:
        return error
    return None
