"""What the OpenAI APIs share on the wire: the error envelope."""

from __future__ import annotations

from msgspec import Struct

from specs.errors import Failure


class ErrorDetail(Struct, frozen=True):
    """`code` and `param` are always strings, `""` where there is none."""

    message: str
    type: str
    code: str
    param: str


class ErrorBody(Struct, frozen=True):
    """The envelope of every error, as an answer's body or as the last chunk of a stream."""

    error: ErrorDetail


def error_body(failure: Failure) -> ErrorBody:
    """Put a failure into the envelope."""
    return ErrorBody(ErrorDetail(failure.message, failure.type, failure.code, failure.param))
