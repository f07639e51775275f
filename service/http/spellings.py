"""Which spelling of the Responses API a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.connection import ASGIConnection

from service.dialects.responses import ResponsesDialect, responses, strict_responses
from specs.errors import Failure
from specs.openai.common import ErrorBody

STRICT_HEADER = "openresponses-version"


def responses_dialect(headers: Mapping[str, str]) -> ResponsesDialect:
    """The spelling a client asks for: any version in the header is the strict one."""
    return strict_responses if STRICT_HEADER in headers else responses


def spelled_error(connection: ASGIConnection[Any, Any, Any, Any], failure: Failure) -> ErrorBody:
    """A failure in the envelope, spelled as the request asks for it; only one API has spellings."""
    of_responses = "/responses" in connection.scope["path"]
    return responses_dialect(connection.headers if of_responses else {}).error(failure)
