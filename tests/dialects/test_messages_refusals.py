"""Whatever is wrong with a request to the Messages API is a 400 that names the field."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.dialects.messages import MessagesDialect
from service.dialects.messages.parts import CONTENT
from service.dialects.messages.turns import READERS
from specs.errors import InvalidRequest, MalformedBody
from tests.support.events import counting_ids

USER = {"role": "user", "content": "Hi"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
DEEP = "leaf"
for _ in range(33):
    DEEP = {"a": DEEP}


def failure(body: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        MessagesDialect().read(body, counting_ids())
    return caught.value


def block(*blocks: object, role: str = "user") -> dict:
    return {"messages": [USER, {"role": role, "content": list(blocks)}]}


def source(kind: str, **fields) -> dict:
    return block({"type": kind, "source": fields})


def compact(**trigger) -> dict:
    return {"context_management": {"edits": [{"type": "compact_20260112", "trigger": trigger}]}}


AT = "messages[1].content[0]"
CASES = [
    ("model", {"model": None}),
    ("model", {"model": ""}),
    ("model", {"model": "a" * 257}),
    ("max_tokens", {"max_tokens": None}),
    ("max_tokens", {"max_tokens": 0}),
    ("max_tokens", {"max_tokens": 2**31}),
    ("max_tokens", {"max_tokens": "9"}),
    ("messages", {"messages": []}),
    ("messages", {"messages": "Hi"}),
    ("messages", {"messages": [{"role": "user", "content": ""}]}),
    ("messages", {"messages": [USER] * 8_193}),
    ("messages[0]", {"messages": ["Hi"]}),
    ("messages[0].role", {"messages": [{"role": "tool", "content": "Hi"}]}),
    ("messages[0].role", {"messages": [{"content": "Hi"}]}),
    ("messages[0].content", {"messages": [{"role": "user"}]}),
    ("messages[0].content", {"messages": [{"role": "user", "content": 5}]}),
    (f"{AT}.type", block({"text": "Hi"})),
    (f"{AT}.type", block({"type": 5})),
    (f"{AT}.text", block({"type": "text"})),
    (f"{AT}.text", block({"type": "text", "text": 5})),
    (f"{AT}.cache_control.type", block({"type": "text", "text": "a", "cache_control": {"type": "x"}})),
    (
        f"{AT}.cache_control.ttl",
        block({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "2h"}}),
    ),
    (f"{AT}.type", block({"type": "image", "source": {}}, role="assistant")),
    (f"{AT}.type", block({"type": "document", "source": {}}, role="system")),
    (f"{AT}.type", block({"type": "tool_use"})),
    (f"{AT}.type", block({"type": "thinking"})),
    (f"{AT}.type", block({"type": "tool_result"}, role="assistant")),
    (f"{AT}.source.type", source("image", type="x")),
    (f"{AT}.source.media_type", source("image", type="base64", media_type="image/tiff", data="")),
    (f"{AT}.source.data", source("image", type="base64", media_type="image/png")),
    (f"{AT}.source.url", source("image", type="url", url="ftp://a")),
    (f"{AT}.source.media_type", source("document", type="base64", media_type="text/html", data="")),
    (f"{AT}.source.content[0].type", source("document", type="content", content=[{"type": "document"}])),
    (f"{AT}.id", block({**CALL, "id": "a" * 65}, role="assistant")),
    (f"{AT}.name", block({"type": "tool_use", "id": "a"}, role="assistant")),
    (f"{AT}.input", block({**CALL, "input": [1]}, role="assistant")),
    (f"{AT}.input", block({**CALL, "input": DEEP}, role="assistant")),
    (f"{AT}.tool_use_id", block({"type": "tool_result", "tool_use_id": "x"})),
    (f"{AT}.tool_use_id", block({"type": "mcp_tool_result", "tool_use_id": "x"}, role="assistant")),
    (f"{AT}.tool_use_id", block({"type": "web_search_tool_result", "tool_use_id": "x"}, role="assistant")),
    (f"{AT}.thinking", block({"type": "thinking", "signature": "s"}, role="assistant")),
    (f"{AT}.data", block({"type": "redacted_thinking"}, role="assistant")),
    ("system", {"system": 5}),
    ("system[0].text", {"system": [{"type": "text"}]}),
    ("system[0].type", {"system": [{"type": "image"}]}),
    ("system", {"system": [{"type": "text", "text": "a"}] * 8_193}),
    ("stream", {"stream": "yes"}),
    ("temperature", {"temperature": 1.1}),
    ("top_p", {"top_p": -0.1}),
    ("stop_sequences[1]", {"stop_sequences": ["a", ""]}),
    ("thinking.type", {"thinking": {"type": "hard"}}),
    ("thinking.budget_tokens", {"thinking": {"type": "enabled"}}),
    ("thinking.budget_tokens", {"thinking": {"type": "enabled", "budget_tokens": 1_023}}),
    (
        "thinking.budget_tokens",
        {"max_tokens": 2_000, "thinking": {"type": "enabled", "budget_tokens": 2_000}},
    ),
    ("thinking.display", {"thinking": {"type": "adaptive", "display": "all"}}),
    ("output_config.effort", {"output_config": {"effort": "huge"}}),
    ("output_config.format.type", {"output_config": {"format": {"type": "xml"}}}),
    ("output_config.format.schema", {"output_config": {"format": {"type": "json_schema", "schema": 5}}}),
    ("tools", {"tools": [TOOL] * 1_025}),
    ("tools[0].name", {"tools": [{"input_schema": {}}]}),
    ("tools[0].name", {"tools": [{**TOOL, "name": "a b"}]}),
    ("tools[0].name", {"tools": [{**TOOL, "name": "a" * 129}]}),
    ("tools[0].input_schema", {"tools": [{"name": "f"}]}),
    ("tools[0].input_schema", {"tools": [{**TOOL, "input_schema": DEEP}]}),
    ("tool_choice.type", {"tool_choice": {"type": "all"}}),
    ("tool_choice.name", {"tool_choice": {"type": "tool"}}),
    ("service_tier", {"service_tier": "flex"}),
    ("speed", {"speed": "slow"}),
    ("inference_geo", {"inference_geo": "eu"}),
    ("compaction", {"compaction": {"type": "summarize"}}),
    ("thread", {"thread": {"type": "create"}}),
    ("context_management.edits[0].trigger.value", compact(type="input_tokens", value=999)),
    ("context_management.edits[0].trigger.type", compact(type="turns", value=9_000)),
    ("metadata.user_id", {"metadata": {"user_id": 5}}),
]


@pytest.mark.parametrize(("param", "fields"), CASES)
def test_a_wrong_field_is_named(param, fields):
    error = failure(msgspec.json.encode({"model": "a", "max_tokens": 900, "messages": [USER], **fields}))
    assert (error.param, error.status) == (param, 400)
    assert param.rpartition(".")[2].partition("[")[0] in error.message


def test_a_result_nested_too_deeply_is_refused():
    use = b'{"type":"server_tool_use","id":"a","name":"web_fetch"}'
    deep = b"[" * 900 + b"]" * 900
    result = b'{"type":"web_fetch_tool_result","tool_use_id":"a","content":' + deep + b"}"
    turn = b'{"role":"assistant","content":[' + use + b"," + result + b"]}"
    body = b'{"model":"a","max_tokens":9,"messages":[' + turn + b"]}"
    assert failure(body).param == "messages[0].content[1].content"


@pytest.mark.parametrize("missing", ["model", "max_tokens", "messages"])
def test_what_is_missing_is_named(missing):
    body = {"model": "a", "max_tokens": 900, "messages": [USER]}
    del body[missing]
    assert failure(msgspec.json.encode(body)).param == missing


def test_a_thread_is_refused_with_the_code_at_which_clients_go_on_without():
    body = {"model": "a", "max_tokens": 900, "messages": [USER], "thread": {"type": "create"}}
    assert failure(msgspec.json.encode(body)).code == "thread_unsupported_request"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a"', b'{"a":"\xff"}', b"[" * 2_000])
def test_what_is_no_json_object_is_malformed(body):
    assert isinstance(failure(body), MalformedBody)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_fields = [
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "metadata",
    "cache_control",
]


@given(st.dictionaries(st.sampled_from(_fields), _json, max_size=3))
def test_nothing_but_a_refusal_comes_of_odd_fields(fields):
    body = {"model": "a", "max_tokens": 900, "messages": [USER], **fields}
    with suppress(InvalidRequest):
        MessagesDialect().read(msgspec.json.encode(body), counting_ids())


@given(
    st.sampled_from(["user", "assistant", "system"]),
    st.dictionaries(
        st.sampled_from(
            ["text", "source", "content", "input", "id", "name", "tool_use_id", "thinking", "data"]
        ),
        _json,
        max_size=4,
    ),
    st.sampled_from([*READERS, *CONTENT, "odd"]),
)
def test_nothing_but_a_refusal_comes_of_odd_blocks(role, fields, kind):
    body = {"model": "a", "max_tokens": 9, **block({**fields, "type": kind}, role=role)}
    with suppress(InvalidRequest):
        MessagesDialect().read(msgspec.json.encode(body), counting_ids())
