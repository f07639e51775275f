"""Thousands of requests made from the committed OpenAPI document, right ones and wrong ones: each is
answered as the document says, and none brings out an error of ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.specs.openapi import checks

from tests.support.house import Key, Service
from tests.support.objects import Objects

FILE = Path(__file__).resolve().parents[2] / "specs" / "openapi.json"
DOCUMENT = json.loads(FILE.read_bytes())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {operation.label: operation for operation in (each.ok() for each in SCHEMA.get_all_operations())}
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
INFERENCE = {"POST /v1/chat/completions", "POST /v1/responses", "POST /v1/messages"}
CASES = {(label, mode): 300 if mode is RIGHT else 120 for label in INFERENCE for mode in (RIGHT, WRONG)}
"""How many requests each of these gets; the others share the rest of 2,000."""
TOTAL = 2_000
AIM = TOTAL + 150
"""Some have fewer different requests than their share."""
REST = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in (RIGHT, WRONG)
    if label not in INFERENCE and (mode is RIGHT or "401" in operation.definition.raw["responses"])
]
ALONE = [
    (label, mode)
    for label, mode in REST
    if mode is RIGHT and not {"parameters", "requestBody"} & set(OPERATIONS[label].definition.raw)
]
"""There is only one right way to ask for these."""
SHARE = (AIM - sum(CASES.values()) - len(ALONE)) // (len(REST) - len(ALONE)) + 1
CASES |= {each: 1 if each in ALONE else SHARE for each in REST}
AGENTS = ("agent_demo", "agent_demo", "agent_chat", "agent_answers", "agent_letters")
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
]

answered: Counter[tuple[str, int]] = Counter()
"""Answers so far, by operation and status."""


def validator(label: str, media_type: str) -> jsonschema_rs.Validator:
    method, path = label.split()
    success = DOCUMENT["paths"][path][method.lower()]["responses"]["200"]
    return jsonschema_rs.validator_for(
        {**success["content"][media_type]["schema"], "components": DOCUMENT["components"]}
    )


EVENTS = {
    label: validator(label, "text/event-stream")
    for label, operation in OPERATIONS.items()
    if "text/event-stream" in operation.definition.raw["responses"]["200"].get("content", {})
}


def events(stream: str) -> Iterator[Any]:
    """The events of a stream, without comments and `[DONE]`."""
    for frame in stream.split("\n\n"):
        data = frame.rpartition("data: ")[2]
        if "data: " in frame and data != "[DONE]":
            yield json.loads(data)


def check_stream(case: Case, stream: str) -> None:
    """Each event is one the document knows, and the last is no failure of ours."""
    seen = list(events(stream))
    assert seen, "a stream without an event"
    for event in seen:
        EVENTS[case.operation.label].validate(event)
    error = seen[-1].get("error") or (seen[-1].get("response") or {}).get("error")
    assert error is None, f"the stream failed: {error}"


def check(case: Case, response: Response) -> None:
    """It is no failure of ours, and it is what the document says."""
    answered[case.operation.label, response.status_code] += 1
    assert response.status_code < 500, response.text
    streamed = response.headers["content-type"][0].startswith("text/event-stream")
    case.validate_response(
        response, checks=CHECKS if streamed else [*CHECKS, checks.response_schema_conformance]
    )
    if streamed:
        check_stream(case, response.content.decode())


def name_what_there_is(case: Case, agent: str, objects: Objects) -> None:
    """Put the names of things there are in a case: what has another name is not looked into further."""
    if case.path_parameters:
        case.path_parameters.update(objects.named(*case.path_parameters))
    if not isinstance(case.body, dict):
        return
    if isinstance(case.body.get("model"), str):
        case.body["model"] = agent
    if isinstance(case.body.get("part_ids"), list):
        case.body["part_ids"] = [objects.part(case.path_parameters["upload_id"])["id"]]
        case.body.pop("md5", None)
    name_what_is_administered(case.body, objects)
    if isinstance(case.body.get("previous_response_id"), str):
        case.body["previous_response_id"] = objects.response()["id"]
        case.body.pop("conversation", None)
    if isinstance(case.body.get("conversation"), str):
        case.body["conversation"] = objects.conversation()["id"]


def name_what_is_administered(body: dict[str, Any], objects: Objects) -> None:
    """The same for the fields of administration, without those that exclude each other."""
    named = {
        "assistant_id": lambda: objects.agent,
        "project_id": lambda: objects.project()["id"],
        "provider": lambda: "theirs",
        "user_id": lambda: objects.user()["id"],
    }
    for field in named.keys() & body.keys():
        if isinstance(body[field], str):
            body[field] = named[field]()
    if isinstance(body.get("version"), int):
        body["version"] = 1
    for field in ("account_id", "base_url", "service_account_id"):
        body.pop(field, None)


@pytest.fixture(scope="module")
def objects(service: Service, key: Key) -> Iterator[Objects]:
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        yield Objects(http, agent="agent_demo")


@pytest.mark.parametrize(("label", "mode"), CASES, ids=[f"{label}-{mode.value}" for label, mode in CASES])
def test_every_request_is_answered_as_the_document_says(
    label, mode, service: Service, key: Key, objects: Objects
):
    session = requests.Session()
    session.headers.update(key.headers)

    @settings(
        max_examples=CASES[label, mode],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(OPERATIONS[label].as_strategy(mode), st.sampled_from(AGENTS), st.integers(0, 7))
    def ask(case: Case, agent: str, chance: int) -> None:
        if chance:
            name_what_there_is(case, agent, objects)
        check(case, case.call(base_url=service.base_url, session=session))

    ask()


def test_the_requests_were_many_and_reached_every_operation():
    """Of the document's operations at least nine in ten gave a success."""
    if len({label for label, _ in answered}) < len(OPERATIONS):
        pytest.skip("only in the company of the requests above")
    succeeded = {label for label, status in answered if 200 <= status < 300}
    assert len(succeeded) >= 0.9 * len(OPERATIONS), sorted(set(OPERATIONS) - succeeded)
    assert sum(answered.values()) >= TOTAL
    right = sum(
        count for (label, status), count in answered.items() if label.startswith("POST") and status == 200
    )
    print(f"\n{sum(answered.values())} requests, {right} answers by a model, statuses {status_counts()}")


def status_counts() -> dict[int, int]:
    counts: Counter[int] = Counter()
    for (_, status), count in answered.items():
        counts[status] += count
    return dict(sorted(counts.items()))
