"""What an upstream's error says: its code, in the names that providers use, and its message."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from specs.errors import (
    UpstreamContextTooLong,
    UpstreamCredentialRefused,
    UpstreamError,
    UpstreamModelMissing,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)

CONTENT_EXCEPTIONS = (msgspec.MsgspecError, UnicodeError)
"""What bytes that are not the protocol can raise in a decoder."""

CODES: dict[str, type[UpstreamError]] = {
    "400": UpstreamRejected,
    "401": UpstreamCredentialRefused,
    "402": UpstreamCredentialRefused,
    "403": UpstreamCredentialRefused,
    "404": UpstreamModelMissing,
    "408": UpstreamTimeout,
    "409": UpstreamUnavailable,
    "410": UpstreamModelMissing,
    "413": UpstreamRejected,
    "422": UpstreamRejected,
    "429": UpstreamRateLimited,
    "context_length_exceeded": UpstreamContextTooLong,
    "context_window_exceeded": UpstreamContextTooLong,
    "model_context_window_exceeded": UpstreamContextTooLong,
    "string_above_max_length": UpstreamContextTooLong,
    "model_not_found": UpstreamModelMissing,
    "model_not_available": UpstreamModelMissing,
    "invalid_model": UpstreamModelMissing,
    "not_found_error": UpstreamModelMissing,
    "insufficient_quota": UpstreamRateLimited,
    "rate_limit_exceeded": UpstreamRateLimited,
    "rate_limit_error": UpstreamRateLimited,
    "rate_limit_reached_error": UpstreamRateLimited,
    "resource_exhausted": UpstreamRateLimited,
    "too_many_requests": UpstreamRateLimited,
    "overloaded_error": UpstreamUnavailable,
    "overloaded": UpstreamUnavailable,
    "server_error": UpstreamUnavailable,
    "internal_error": UpstreamUnavailable,
    "internal_server_error": UpstreamUnavailable,
    "service_unavailable": UpstreamUnavailable,
    "unavailable": UpstreamUnavailable,
    "api_error": UpstreamUnavailable,
    "timeout": UpstreamTimeout,
    "timeout_error": UpstreamTimeout,
    "authentication_error": UpstreamCredentialRefused,
    "permission_error": UpstreamCredentialRefused,
    "billing_error": UpstreamCredentialRefused,
    "invalid_api_key": UpstreamCredentialRefused,
    "invalid_authentication_error": UpstreamCredentialRefused,
    "invalid_request_error": UpstreamRejected,
    "invalid_prompt": UpstreamRejected,
    "invalid_value": UpstreamRejected,
    "unsupported_value": UpstreamRejected,
    "unsupported_parameter": UpstreamRejected,
    "tool_use_failed": UpstreamRejected,
    "json_validate_failed": UpstreamRejected,
    "content_filter": UpstreamRejected,
    "content_policy_violation": UpstreamRejected,
    "invalid_image": UpstreamRejected,
    "invalid_image_format": UpstreamRejected,
    "invalid_image_mode": UpstreamRejected,
    "invalid_image_url": UpstreamRejected,
    "invalid_base64_image": UpstreamRejected,
    "image_too_large": UpstreamRejected,
    "image_too_small": UpstreamRejected,
    "image_file_too_large": UpstreamRejected,
    "image_file_not_found": UpstreamRejected,
    "image_parse_error": UpstreamRejected,
    "image_content_policy_violation": UpstreamRejected,
    "unsupported_image_media_type": UpstreamRejected,
    "empty_image_file": UpstreamRejected,
    "failed_to_download_image": UpstreamRejected,
    "invalid_encrypted_content": UpstreamRejected,
    "data_residency_mismatch": UpstreamRejected,
    "bio_policy": UpstreamRejected,
    "misalignment_policy_violation": UpstreamRejected,
    "vector_store_timeout": UpstreamTimeout,
    "request_too_large": UpstreamRejected,
}
"""What providers call their errors (`code`, else `type`), lower-cased; numbers are HTTP statuses."""

CONTEXT_MARKS = (
    "maximum context length",
    "context length exceeded",
    "context window",
    "context size",
    "prompt is too long",
    "input is too long",
    "input length and `max_tokens` exceed",
    "too many tokens",
    "reduce the length of the messages",
)
"""Words by which a 400 tells that the input is too long where its provider has no code for that."""
CREDENTIAL_MARKS = ("api key", "api_key", "unauthorized", "authentication")
"""Words by which a 400 tells that the credential is wrong; such a message may quote it."""


class UpstreamComplaint(Struct, frozen=True):
    """The little of an upstream's error that is looked at."""

    code: str = ""
    message: str = ""


class _Error(Struct):
    code: str | int | float | None = None
    type: str | None = None
    status: str | int | None = None
    message: str | None = None


class _ErrorBody(_Error):
    error: Raw = Raw(b"null")


_error_body = msgspec.json.Decoder(_ErrorBody | list[_ErrorBody])
_error = msgspec.json.Decoder(_Error | str | None)


def read_complaint(data: bytes) -> UpstreamComplaint:
    """Read an error body in any of the shapes in use; an unreadable one says nothing.

    `{"error": {"code", "type", "message"}}`, `{"error": "…"}`, `{"code", "message"}`, `[{"error": …}]`.
    """
    try:
        body = _error_body.decode(data)
        outer = (body[0] if body else _ErrorBody()) if isinstance(body, list) else body
        error = _error.decode(outer.error)
    except CONTENT_EXCEPTIONS:
        return UpstreamComplaint()
    if isinstance(error, str):
        return UpstreamComplaint(_first_known(outer.code, outer.type), error)
    inner = error or outer
    code = _first_known(inner.code, inner.type, inner.status, outer.type, outer.code)
    return UpstreamComplaint(code, inner.message or "")


def _first_known(*names: str | float | None) -> str:
    """The first name that is in our table, else the first there is."""
    given = [str(int(name) if isinstance(name, float) else name) for name in names if name not in (None, "")]
    return next((name for name in given if class_of_code(name) is not None), given[0] if given else "")


def class_of_code(code: str) -> type[UpstreamError] | None:
    """The failure a code stands for; None for one we do not know."""
    known = CODES.get(code.lower())
    if known is None and code.isdecimal() and 500 <= int(code) < 600:
        return UpstreamTimeout if code == "504" else UpstreamUnavailable
    return known
