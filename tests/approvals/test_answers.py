"""What a caller says to a request for approval, in every way that a run can go on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.approvals.conftest import BUY, DONE, calls
from tests.support.house import eventually
from tests.support.script import Script, ToolCall
from tests.support.sockets import talk

Json = dict[str, Any]


def ask(http, upstream, wares, **fields: Any) -> Json:
    """A response that asks for one call."""
    upstream.enqueue(BUY)
    body = {"model": "agent_plain", "input": "Buy a fig", "tools": [wares.tool()], **fields}
    response = http.post("/v1/responses", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def request_of(response: Json) -> Json:
    (asked,) = [item for item in response["output"] if item["type"] == "mcp_approval_request"]
    return asked


def yes(response: Json, **fields: Any) -> Json:
    asked = request_of(response)["id"]
    return {"type": "mcp_approval_response", "approval_request_id": asked, "approve": True, **fields}


def go_on(http, wares, answers: list[Json], **fields: Any):
    body = {"model": "agent_plain", "input": answers, "tools": [wares.tool()], **fields}
    return http.post("/v1/responses", json=body)


def kinds(response: Json) -> list[str]:
    return [item["type"] for item in response["output"]]


def last_messages(upstream) -> list[Json]:
    return upstream.exchanges[-1].body["messages"]


def test_a_request_states_exactly_what_would_be_called(http, upstream, wares):
    first = ask(http, upstream, wares)
    assert first["status"] == "completed"
    asked = request_of(first)
    assert (asked["server_label"], asked["name"], asked["arguments"]) == ("shop", "buy", '{"item":"fig"}')
    assert wares.calls == []


def test_an_approved_call_is_made_first_and_the_model_goes_on(http, upstream, wares):
    first = ask(http, upstream, wares)
    upstream.enqueue(DONE)
    then = go_on(http, wares, [yes(first)], previous_response_id=first["id"]).json()
    assert kinds(then) == ["mcp_call", "message"]
    assert then["output"][0]["approval_request_id"] == request_of(first)["id"]
    assert wares.calls == [("buy", "fig")]
    *_, call, result = last_messages(upstream)
    assert call["tool_calls"][0]["function"] == {"name": "shop__buy", "arguments": '{"item":"fig"}'}
    assert result["content"] == "bought fig"


def test_it_is_the_same_in_a_conversation(http, upstream, wares):
    conversation = http.post("/v1/conversations", json={}).json()["id"]
    first = ask(http, upstream, wares, conversation=conversation)
    upstream.enqueue(DONE)
    then = go_on(http, wares, [yes(first)], conversation=conversation).json()
    assert kinds(then) == ["mcp_call", "message"]
    items = http.get(f"/v1/conversations/{conversation}/items?order=asc").json()["data"]
    assert [item["type"] for item in items] == [
        "message", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "mcp_call", "message",
    ]  # fmt: skip


def test_it_is_the_same_for_a_caller_that_keeps_everything_itself(http, upstream, wares):
    first = ask(http, upstream, wares, store=False)
    upstream.enqueue(DONE)
    context = [{"role": "user", "content": "Buy a fig"}, *first["output"], yes(first)]
    then = go_on(http, wares, context, store=False).json()
    assert kinds(then) == ["mcp_call", "message"]
    assert wares.calls == [("buy", "fig")]
    upstream.enqueue(DONE)
    later = [*context, *then["output"], {"role": "user", "content": "Thanks"}]
    assert kinds(go_on(http, wares, later, store=False).json()) == ["message"]
    assert wares.calls == [("buy", "fig")]
    made = [m for m in last_messages(upstream) if m.get("tool_calls")]
    assert [m["tool_calls"][0]["function"]["name"] for m in made] == ["shop__buy"]


def test_it_is_the_same_in_the_background(http, upstream, wares):
    first = ask(http, upstream, wares, background=True)
    first = ended(http, first["id"])
    upstream.enqueue(DONE)
    then = go_on(http, wares, [yes(first)], previous_response_id=first["id"], background=True).json()
    assert kinds(ended(http, then["id"])) == ["mcp_call", "message"]
    assert wares.calls == [("buy", "fig")]


def ended(http, id: str) -> Json:
    eventually(lambda: http.get(f"/v1/responses/{id}").json()["status"] == "completed")
    return http.get(f"/v1/responses/{id}").json()


def test_it_is_the_same_over_a_websocket(service, key, upstream, wares):
    upstream.enqueue(BUY, DONE)
    tools = [wares.tool()]
    with talk(service, key) as socket:
        first = socket.ask("Buy a fig", model="agent_plain", tools=tools, store=False)["response"]
        said = {"model": "agent_plain", "input": [yes(first)], "tools": tools, "store": False}
        then = socket.ask("", previous_response_id=first["id"], **said)["response"]
    assert kinds(then) == ["mcp_call", "message"]
    assert wares.calls == [("buy", "fig")]


def test_the_official_sdk_asks_and_answers(client, upstream, wares):
    upstream.enqueue(BUY, DONE)
    tool = wares.tool()
    first = client.responses.create(model="agent_plain", input="Buy a fig", tools=[tool])
    answers = [
        {"type": "mcp_approval_response", "approval_request_id": item.id, "approve": True}
        for item in first.output
        if item.type == "mcp_approval_request"
    ]
    with client.responses.stream(
        model="agent_plain", previous_response_id=first.id, input=answers, tools=[tool]
    ) as stream:
        seen = [event.type for event in stream]
        final = stream.get_final_response()
    assert "response.mcp_call_arguments.done" in seen
    assert final.output[0].approval_request_id == answers[0]["approval_request_id"]
    assert final.output_text == "Done."


def test_a_denial_is_told_with_its_reason(http, upstream, wares):
    first = ask(http, upstream, wares)
    upstream.enqueue(DONE)
    no = yes(first, approve=False, reason="Figs are too dear.")
    then = go_on(http, wares, [no], previous_response_id=first["id"]).json()
    assert kinds(then) == ["message"]
    assert wares.calls == []
    assert "Figs are too dear." in last_messages(upstream)[-1]["content"]


def test_no_answer_is_no_approval(http, upstream, wares):
    first = ask(http, upstream, wares)
    upstream.enqueue(DONE)
    more = [{"role": "user", "content": "Never mind"}]
    then = go_on(http, wares, more, previous_response_id=first["id"]).json()
    assert kinds(then) == ["message"]
    assert wares.calls == []


def test_a_mix_runs_what_is_free_and_waits_for_the_rest(http, upstream, wares):
    upstream.enqueue(
        Script(
            calls=(
                ToolCall("shop__buy", ('{"item":"fig"}',)),
                ToolCall("weather", ("{}",)),
                ToolCall("shop__price", ('{"item":"pear"}',)),
            )
        ),
        DONE,
    )
    tools = [
        wares.tool(require_approval={"never": {"read_only": True}}),
        {"type": "function", "name": "weather", "parameters": {"type": "object"}},
    ]
    body = {"model": "agent_plain", "input": "Buy", "tools": tools}
    first = http.post("/v1/responses", json=body).json()
    assert kinds(first) == ["mcp_list_tools", "function_call", "mcp_call", "mcp_approval_request"]
    assert wares.calls == [("price", "pear")]
    call = next(item for item in first["output"] if item["type"] == "function_call")
    answers = [{"type": "function_call_output", "call_id": call["call_id"], "output": "Rain"}, yes(first)]
    then = go_on(http, wares, answers, previous_response_id=first["id"]).json()
    assert kinds(then) == ["mcp_call", "message"]
    assert wares.calls == [("price", "pear"), ("buy", "fig")]


def refused(response, param: str) -> None:
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param


def test_an_approval_counts_once_wherever_it_is_sent(http, upstream, wares):
    first = ask(http, upstream, wares)
    upstream.enqueue(DONE)
    assert go_on(http, wares, [yes(first)], previous_response_id=first["id"]).status_code == 200
    again = go_on(http, wares, [yes(first)], previous_response_id=first["id"])
    refused(again, "input[0].approval_request_id")
    assert wares.calls == [("buy", "fig")]


@pytest.mark.parametrize("change", [{"arguments": '{"item":"house"}'}, {"name": "fail"}, {"id": "mcpr_1"}])
def test_a_request_that_was_altered_approves_nothing(http, upstream, wares, change):
    first = ask(http, upstream, wares, store=False)
    asked = {**request_of(first), **change}
    answer = yes(first, approval_request_id=asked["id"])
    refused(go_on(http, wares, [asked, answer], store=False), "input[1].approval_request_id")
    assert wares.calls == []


def test_a_request_of_another_project_approves_nothing(service, http, upstream, wares):
    first = ask(http, upstream, wares, store=False)
    other = service.key(project="another")
    body = {
        "model": "agent_plain",
        "input": [request_of(first), yes(first)],
        "tools": [wares.tool()],
        "store": False,
    }
    refused(http.post("/v1/responses", json=body, headers=other.headers), "input[1].approval_request_id")
    assert wares.calls == []


def test_an_answer_twice_in_one_request_is_refused(http, upstream, wares):
    first = ask(http, upstream, wares)
    answers = [yes(first), yes(first, approve=False)]
    refused(go_on(http, wares, answers, previous_response_id=first["id"]), "input[0].approval_request_id")


def test_an_answer_to_nothing_is_refused_in_the_background_too(http, wares):
    answer = {"type": "mcp_approval_response", "approval_request_id": "mcpr_x", "approve": True}
    refused(go_on(http, wares, [answer], background=True), "input[0].approval_request_id")


def test_a_tool_that_is_not_sent_again_is_told_to_be_gone(http, upstream, wares):
    first = ask(http, upstream, wares)
    upstream.enqueue(DONE)
    body = {"model": "agent_plain", "input": [yes(first)], "previous_response_id": first["id"]}
    then = http.post("/v1/responses", json=body).json()
    assert kinds(then) == ["mcp_call", "message"]
    assert (then["output"][0]["status"], wares.calls) == ("failed", [])


def test_an_agents_own_server_asks_where_the_operator_says_so(http, upstream, wares):
    upstream.enqueue(calls("guarded__buy"), DONE)
    first = http.post("/v1/responses", json={"model": "agent_guarded", "input": "Buy"}).json()
    assert kinds(first) == ["mcp_list_tools", "mcp_approval_request"]
    body = {"model": "agent_guarded", "input": [yes(first)], "previous_response_id": first["id"]}
    assert kinds(http.post("/v1/responses", json=body).json()) == ["mcp_call", "message"]
    assert wares.calls == [("buy", "fig")]


def test_an_agents_only_server_does_not_ask_but_beside_another_it_does(http, upstream, wares):
    upstream.enqueue(calls("market__buy"), DONE, calls("market__buy"))
    alone = http.post("/v1/responses", json={"model": "agent_market", "input": "Buy"}).json()
    assert kinds(alone) == ["mcp_list_tools", "mcp_call", "message"]
    mixed = http.post(
        "/v1/responses", json={"model": "agent_market", "input": "Buy", "tools": [wares.tool()]}
    ).json()
    assert kinds(mixed) == ["mcp_list_tools", "mcp_list_tools", "mcp_approval_request"]


def test_where_nobody_can_be_asked_the_model_is_told(http, upstream, wares):
    said = [{"role": "user", "content": "Buy"}]
    for path in ("/v1/chat/completions", "/v1/messages"):
        upstream.enqueue(calls("guarded__buy"), DONE)
        body = {"model": "agent_guarded", "messages": said, "max_tokens": 1000}
        response = http.post(path, json=body)
        assert response.status_code == 200, response.text
        assert "approve" in last_messages(upstream)[-1]["content"]
        assert "mcp_approval_request" not in response.text
    assert wares.calls == []


def test_an_assistants_run_is_told_too(http, upstream, wares):
    upstream.enqueue(calls("guarded__buy"), DONE)
    thread = {"messages": [{"role": "user", "content": "Buy"}]}
    body = {"assistant_id": "agent_guarded", "thread": thread, "stream": True}
    response = http.post("/v1/threads/runs", json=body, headers={"openai-beta": "assistants=v2"})
    assert "thread.run.completed" in response.text
    assert "approve" in last_messages(upstream)[-1]["content"]
    assert wares.calls == []


def test_what_lets_the_server_in_is_sent_there_and_seen_nowhere_else(service, http, upstream, wares):
    secret = {"headers": {"X-Canary": "canary-header"}, "authorization": "canary-token"}
    tools = [wares.tool(**secret)]
    upstream.enqueue(BUY, DONE)
    body = {"model": "agent_plain", "input": "Buy", "tools": tools, "background": True}
    first = http.post("/v1/responses", json=body)
    whole = ended(http, first.json()["id"])
    then = go_on(http, wares, [yes(whole)], previous_response_id=whole["id"], tools=tools)
    assert kinds(then.json()) == ["mcp_call", "message"]
    assert any(headers.get("x-canary") == "canary-header" for headers in wares.shop.headers)
    assert any(headers.get("authorization") == "Bearer canary-token" for headers in wares.shop.headers)
    kept = service.settings.database.read_bytes() + b"".join(
        file.read_bytes() for file in service.settings.database.parent.glob("*-wal")
    )
    told = (first.content, json.dumps(whole).encode(), then.content, kept)
    sent = json.dumps([exchange.body for exchange in upstream.exchanges]).encode()
    assert not [where for where in (*told, sent) if b"canary-" in where]


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_made_is_kept_when_the_model_fails_after_it(http, upstream, wares, stream):
    first = ask(http, upstream, wares)
    upstream.enqueue(*[Script(status=500)] * 2)
    then = go_on(http, wares, [yes(first)], previous_response_id=first["id"], stream=stream)
    assert wares.calls == [("buy", "fig")]
    if not stream:
        assert then.status_code >= 500
        return
    events = [json.loads(line[6:]) for line in then.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["type"] == "response.failed"
    failed = events[-1]["response"]
    upstream.enqueue(DONE)
    more = [{"role": "user", "content": "Go on"}]
    after = go_on(http, wares, more, previous_response_id=failed["id"]).json()
    assert kinds(after) == ["message"]
    assert "bought fig" in [message.get("content") for message in last_messages(upstream)]


def test_what_was_made_is_kept_when_the_money_is_gone(service, http, upstream, wares):
    poor = service.key(nano=2_000_000)
    upstream.enqueue(BUY)
    body = {"model": "agent_plain", "input": "Buy a fig", "tools": [wares.tool()], "max_output_tokens": 256}
    first = http.post("/v1/responses", json=body, headers=poor.headers).json()
    costly = {**body, "input": ["x" * 40_000], "previous_response_id": first["id"], "stream": True}
    costly["input"] = [yes(first), {"role": "user", "content": "x" * 40_000}]
    then = http.post("/v1/responses", json=costly, headers=poor.headers)
    assert wares.calls == [("buy", "fig")]
    events = [json.loads(line[6:]) for line in then.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["response"]["error"]["code"] == "insufficient_quota"
    kept = http.get(f"/v1/responses/{events[-1]['response']['id']}", headers=poor.headers).json()
    assert kinds(kept) == ["mcp_call"]
