"""The route that tells what an OpenAPI document would become."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp

from service.dialects.agents.actions import document_text
from service.dialects.validation import decode
from service.http.answers import json_answer, require_json
from service.http.house import house_of
from service.tools.actions.operations import report_of
from service.tools.actions.shown import to_validation
from specs.actions import ActionSpec
from specs.openai.actions import ActionValidation, ValidateAction

_asked = msgspec.json.Decoder(ValidateAction)


@post(
    "/actions/validate",
    opt={
        "scope": "agents.write",
        "limit": "requests",
        "body": ValidateAction,
        "answer": ActionValidation,
        "example": {
            "document": {
                "openapi": "3.1.0",
                "servers": [{"url": "https://api.example.com"}],
                "paths": {"/time": {"get": {"operationId": "tell_time"}}},
            }
        },
    },
    status_code=200,
    operation_id="validateAction",
    summary="Tell what an OpenAPI document would become",
    tags=["Agents"],
)
async def validate_action(request: Request[Any, Any, Any]) -> ASGIApp:
    """The tools it would make, what would be rewritten or left out, and which hosts would be called."""
    require_json(request)
    asked = decode(await request.body(), _asked)
    document = document_text(asked.document, param="document").encode("utf-8", "surrogatepass")
    spec = ActionSpec("action", document, asked.server, asked.operations or ())
    report = await asyncio.to_thread(report_of, spec)
    return json_answer(to_validation(report, house_of(request).settings.addresses))
