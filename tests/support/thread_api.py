"""The Assistants API, as the parametrised suite sees it: a thread and its run made at once, streamed."""

from __future__ import annotations

from tests.support.apis import Json, _Usual


class Threads(_Usual):
    """Only what streams: a whole answer of this API is a run that has just begun."""

    name = "assistants"
    path = "/v1/threads/runs"
    end = b"event: done\ndata: [DONE]\n\n"

    def body(self, model: str, text: str, *, cap: int | None = None, tools: tuple[Json, ...] = ()) -> Json:
        body: Json = {
            "assistant_id": model,
            "thread": {"messages": [{"role": "user", "content": text}]},
            "stream": True,
        }
        if cap is not None:
            body["max_completion_tokens"] = max(cap, 256)
        if tools:
            body["tools"] = [{"type": "function", "function": tool} for tool in tools]
        return body

    def delta(self, event: Json) -> str:
        if event["object"] != "thread.message.delta":
            return ""
        return "".join(part["text"]["value"] for part in event["delta"]["content"])

    def ended(self, events: list[Json]) -> str:
        last = events[-1] if events else {}
        if last.get("object") != "thread.run" or last["status"] in ("queued", "in_progress"):
            return "cut"
        return last["status"]

    def usage(self, answer: Json) -> tuple[int, int, int]:
        usage = answer["usage"]
        return (
            usage["prompt_tokens"],
            usage["prompt_token_details"]["cached_tokens"],
            usage["completion_tokens"],
        )
