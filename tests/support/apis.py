"""Each API that is served, as the parametrised suite sees it: how to ask, and how to read an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

import httpx

Json = dict[str, Any]


class Api(Protocol):
    """One API. A new one joins the suite by being added to `APIS`."""

    name: str
    path: str

    def body(self, model: str, text: str, *, cap: int | None = None, tools: tuple[Json, ...] = ()) -> Json:
        """A request with one user message."""
        ...

    def text(self, answer: Json) -> str:
        """The text of a whole answer."""
        ...

    def calls(self, answer: Json) -> list[tuple[str, str]]:
        """(name, arguments) of the function calls of a whole answer."""
        ...

    def usage(self, answer: Json) -> tuple[int, int, int]:
        """(input, cached, output) tokens of a whole answer."""
        ...

    def delta(self, event: Json) -> str:
        """The text one stream event adds."""
        ...

    def ended(self, events: list[Json]) -> str:
        """How a stream ended: completed, incomplete, failed, or cut."""
        ...

    def after_tools(self, model: str, answer: Json, result: str) -> Json:
        """The request that goes on after a whole answer with calls, each answered alike."""
        ...

    end: bytes
    """What a stream ends with."""

    def error(self, answer: Json) -> dict[str, str]:
        """`message`, `type`, `code` and `param` of an error, whose envelope has nothing else."""
        ...

    def status(self, status: int, code: str) -> int:
        """The API's own status of a failure."""
        ...


class _Usual:
    """What two of the APIs have in common."""

    end = b"data: [DONE]\n\n"

    def error(self, answer: Json) -> dict[str, str]:
        assert set(answer) == {"error"}
        assert set(answer["error"]) == {"message", "type", "code", "param"}
        return answer["error"]

    def status(self, status: int, code: str) -> int:
        return status


class Chat(_Usual):
    name = "chat"
    path = "/v1/chat/completions"

    def body(self, model: str, text: str, *, cap: int | None = None, tools: tuple[Json, ...] = ()) -> Json:
        body: Json = {"model": model, "messages": [{"role": "user", "content": text}]}
        if cap is not None:
            body["max_completion_tokens"] = cap
        if tools:
            body["tools"] = [{"type": "function", "function": tool} for tool in tools]
        return body

    def text(self, answer: Json) -> str:
        return answer["choices"][0]["message"]["content"] or ""

    def calls(self, answer: Json) -> list[tuple[str, str]]:
        calls = answer["choices"][0]["message"].get("tool_calls", [])
        return [(call["function"]["name"], call["function"]["arguments"]) for call in calls]

    def usage(self, answer: Json) -> tuple[int, int, int]:
        usage = answer["usage"]
        return (
            usage["prompt_tokens"],
            usage["prompt_tokens_details"]["cached_tokens"],
            usage["completion_tokens"],
        )

    def delta(self, event: Json) -> str:
        choices = event.get("choices") or [{}]
        return choices[0].get("delta", {}).get("content") or ""

    def ended(self, events: list[Json]) -> str:
        if any("error" in event for event in events):
            return "failed"
        reasons = [c["finish_reason"] for e in events for c in e.get("choices", []) if c.get("finish_reason")]
        if not reasons:
            return "cut"
        return "incomplete" if reasons[-1] in ("length", "content_filter") else "completed"

    def after_tools(self, model: str, answer: Json, result: str) -> Json:
        message = answer["choices"][0]["message"]
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": result} for call in message["tool_calls"]
        ]
        return {"model": model, "messages": [{"role": "user", "content": "Go on"}, message, *results]}


class Responses(_Usual):
    name = "responses"
    path = "/v1/responses"

    def body(self, model: str, text: str, *, cap: int | None = None, tools: tuple[Json, ...] = ()) -> Json:
        body: Json = {"model": model, "input": text}
        if cap is not None:
            body["max_output_tokens"] = cap
        if tools:
            body["tools"] = [{"type": "function", **tool} for tool in tools]
        return body

    def text(self, answer: Json) -> str:
        messages = [item for item in answer["output"] if item["type"] == "message"]
        return "".join(part.get("text", "") for message in messages for part in message["content"])

    def calls(self, answer: Json) -> list[tuple[str, str]]:
        calls = [item for item in answer["output"] if item["type"] == "function_call"]
        return [(call["name"], call["arguments"]) for call in calls]

    def usage(self, answer: Json) -> tuple[int, int, int]:
        usage = answer["usage"]
        return usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"], usage["output_tokens"]

    def delta(self, event: Json) -> str:
        return event["delta"] if event["type"] == "response.output_text.delta" else ""

    def ended(self, events: list[Json]) -> str:
        kind = events[-1]["type"].removeprefix("response.") if events else ""
        return kind if kind in ("completed", "incomplete", "failed") else "cut"

    def after_tools(self, model: str, answer: Json, result: str) -> Json:
        calls = [item for item in answer["output"] if item["type"] == "function_call"]
        results = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": result} for call in calls
        ]
        return {"model": model, "input": [{"role": "user", "content": "Go on"}, *answer["output"], *results]}


class Messages:
    name = "messages"
    path = "/v1/messages"
    end = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def body(self, model: str, text: str, *, cap: int | None = None, tools: tuple[Json, ...] = ()) -> Json:
        body: Json = {"model": model, "messages": [{"role": "user", "content": text}]}
        body["max_tokens"] = cap or 64_000
        if tools:
            body["tools"] = [{"name": tool["name"], "input_schema": tool["parameters"]} for tool in tools]
        return body

    def text(self, answer: Json) -> str:
        return "".join(block.get("text", "") for block in answer["content"])

    def calls(self, answer: Json) -> list[tuple[str, str]]:
        blocks = [block for block in answer["content"] if block["type"] == "tool_use"]
        return [(block["name"], json.dumps(block["input"], separators=(",", ":"))) for block in blocks]

    def usage(self, answer: Json) -> tuple[int, int, int]:
        usage = answer["usage"]
        cached, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        return usage["input_tokens"] + cached + written, cached, usage["output_tokens"]

    def delta(self, event: Json) -> str:
        return event["delta"].get("text", "") if event["type"] == "content_block_delta" else ""

    def ended(self, events: list[Json]) -> str:
        kind = events[-1]["type"] if events else ""
        if kind != "message_stop":
            return "failed" if kind == "error" else "cut"
        stopped = next(event["delta"]["stop_reason"] for event in events if event["type"] == "message_delta")
        return "incomplete" if stopped in ("max_tokens", "refusal") else "completed"

    def after_tools(self, model: str, answer: Json, result: str) -> Json:
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": result}
            for block in answer["content"]
            if block["type"] == "tool_use"
        ]
        messages = [
            {"role": "user", "content": "Go on"},
            {"role": "assistant", "content": answer["content"]},
            {"role": "user", "content": results},
        ]
        return {"model": model, "max_tokens": 64_000, "messages": messages}

    def error(self, answer: Json) -> dict[str, str]:
        assert set(answer) == {"type", "error", "request_id"}
        assert (answer["type"], set(answer["error"])) == ("error", {"type", "message", "details"})
        details = answer["error"].pop("details")
        return {**answer["error"], "code": details["error_code"], "param": details["param"]}

    def status(self, status: int, code: str) -> int:
        return 529 if code in ("overloaded", "upstream_unavailable") else status


APIS: tuple[Api, ...] = (Chat(), Responses(), Messages())


def sse(response: httpx.Response) -> Iterator[Json]:
    """The events of a stream as they arrive, without `[DONE]` and comments."""
    for line in response.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))
