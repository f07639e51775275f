"""Requests that real clients sent to Chat Completions servers: ours reads them too."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from service.dialects.chat import ChatDialect
from specs.errors import InvalidRequest
from tests.support.events import counting_ids

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings" / "openai_chat"
REFUSED = {
    "moderation": "asks that the answer be moderated, which we cannot do and must not pretend to",
    "service_tier": "a tier of one vendor only",
    "tool_choice": "one vendor's own word, 'any'",
    "messages[4].content[0].type": "one vendor's own part, 'document_url'",
    "messages[4].content[1].type": "the same",
}
"""Fields that recorded requests may be refused for, and why."""


def recorded_bodies() -> list[dict]:
    """The request bodies of all recordings."""
    exchanges = (json.loads(path.read_text()) for path in sorted(RECORDINGS.rglob("*.json")))
    bodies = (exchange.get("request", {}).get("body") for exchange in exchanges)
    return [body for body in bodies if isinstance(body, dict) and "messages" in body]


def read_or_field_at_fault(body: dict) -> str | None:
    try:
        ChatDialect().read(msgspec.json.encode(body), counting_ids())
    except InvalidRequest as error:
        return error.param
    return None


@pytest.mark.skipif(not RECORDINGS.exists(), reason="no recordings at hand (../shared/recordings)")
def test_recorded_requests_are_read():
    bodies = recorded_bodies()
    faults = [read_or_field_at_fault(body) for body in bodies]
    print(f"{len(bodies)} recorded requests, {faults.count(None)} read")
    assert set(filter(None, faults)) <= set(REFUSED)
    assert faults.count(None) >= 180
