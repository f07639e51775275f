"""Failures in the words of the Messages API.

https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

from specs.anthropic.answers import MessageErrorBody, MessageErrorDetail, MessageErrorDetails
from specs.errors import Failure

OVERLOADED = 529
_OVERLOADS = ("overloaded", "upstream_unavailable")
"""Codes of failures that this API has a status of its own for."""
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    OVERLOADED: "overloaded_error",
}
_BILLING = ("insufficient_quota", "budget_exhausted")


def status_of(failure: Failure) -> int:
    """The HTTP status of a failure."""
    return OVERLOADED if failure.code in _OVERLOADS else failure.status


def type_of(failure: Failure) -> str:
    """The type of a failure, as the official SDKs know it."""
    if failure.code in _BILLING:
        return "billing_error"
    status = status_of(failure)
    return _TYPES.get(status) or ("invalid_request_error" if 400 <= status < 499 else "api_error")


def message_error(failure: Failure, request_id: str) -> MessageErrorBody:
    """Put a failure into the envelope."""
    details = MessageErrorDetails(failure.code, failure.param)
    return MessageErrorBody(MessageErrorDetail(type_of(failure), failure.message, details), request_id)
