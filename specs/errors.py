"""The failure tree. A class has a status, a type and a code; where one field is at fault, `param`
names it. The docstring is the default message. Nobody reads a message to decide anything.

DragomanError
├── InvalidRequest 400
│   ├── ContextTooLong 400
│   ├── CredentialMissing 400
│   ├── MalformedBody 400
│   ├── BodyTooLarge 413
│   ├── StorageFull 400
│   ├── RequestTimeout 408
│   ├── HeadersTooLarge 431
│   ├── UnsupportedMediaType 415
│   └── IdempotencyMismatch 422
├── InvalidKey 401
│   └── InvalidToken 401
├── PermissionDenied 403
├── NotFound 404
│   ├── ModelNotFound 404
│   └── PreviousResponseNotFound 404
├── MethodNotAllowed 405
├── Conflict 409
├── RateLimited 429
│   ├── RequestBeyondLimit 429
│   ├── InsufficientQuota 429
│   │   ├── BudgetExhausted 429
│   │   └── SpendLimitReached 429
│   └── BalanceOnHold 429
├── ServerError 500
│   ├── SchemaMismatch 500
│   ├── CredentialUnreadable 500
│   ├── StoreUnavailable 503
│   ├── IssuerUnavailable 503
│   ├── Overloaded 503
│   └── ShuttingDown 503
├── ClientGone 499
└── UpstreamError 502
    ├── UpstreamRejected 400
    │   └── UpstreamContextTooLong 400
    ├── UpstreamModelMissing 404
    ├── UpstreamRateLimited 429
    ├── UpstreamUnavailable 503
    ├── UpstreamConnectFailed 503
    ├── UpstreamCut 502
    ├── UpstreamGarbled 502
    ├── UpstreamCredentialRefused 502
    ├── UpstreamTimeout 504
    ├── ToolChoiceIgnored 500
    └── CompactionFailed 500
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Failure(Struct, frozen=True, omit_defaults=True):
    """A failure as data: what a stored run, an event or an error body carries."""

    status: int
    type: str
    code: str
    message: str
    param: str = ""
    retry_after: float | None = None
    """Seconds after which a retry can help."""
    retryable: bool | None = None
    """False where a retry cannot help; None leaves it to the client."""


class DragomanError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: str = "server_error"
    retryable: ClassVar[bool | None] = None

    def __init__(
        self,
        message: str | None = None,
        *,
        param: str = "",
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.param = param
        self.code = code or type(self).code
        self.retry_after = retry_after
        super().__init__(self.message)

    @property
    def failure(self) -> Failure:
        """The same failure as data."""
        return Failure(
            self.status, self.type, self.code, self.message, self.param, self.retry_after, self.retryable
        )


class InvalidRequest(DragomanError):
    """The request is not valid."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"
    retryable = False


class ContextTooLong(InvalidRequest):
    """The input is longer than the model's context window."""

    code = "context_length_exceeded"


class CredentialMissing(InvalidRequest):
    """Nobody has brought a credential for the provider of this agent's model."""

    code = "credential_missing"


class MalformedBody(InvalidRequest):
    """The body is not valid JSON."""

    code = "invalid_json"


class BodyTooLarge(InvalidRequest):
    """The body is larger than this server accepts."""

    status = 413
    code = "request_too_large"


class StorageFull(InvalidRequest):
    """The project has stored as many bytes as it may. Delete files, or ask your operator for more room."""

    code = "storage_limit_exceeded"


class HeadersTooLarge(InvalidRequest):
    """The headers are larger than this server accepts."""

    status = 431
    code = "headers_too_large"


class RequestTimeout(InvalidRequest):
    """The request did not arrive in time."""

    status = 408
    code = "request_timeout"


class UnsupportedMediaType(InvalidRequest):
    """The body must be application/json."""

    status = 415
    code = "unsupported_media_type"


class IdempotencyMismatch(InvalidRequest):
    """This Idempotency-Key was used for another request."""

    status = 422
    code = "idempotency_key_reused"


class InvalidKey(DragomanError):
    """No valid API key. Send it as 'Authorization: Bearer sk-drg-…'."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"
    retryable = False


class InvalidToken(InvalidKey):
    """The bearer token is not valid."""

    code = "invalid_token"


class PermissionDenied(DragomanError):
    """This key may not do that."""

    status = 403
    type = "permission_error"
    code = "permission_denied"
    retryable = False


class NotFound(DragomanError):
    """There is no such thing here."""

    status = 404
    type = "not_found_error"
    code = "not_found"
    retryable = False


class ModelNotFound(NotFound):
    """No such agent for this key. GET /v1/models lists yours."""

    code = "model_not_found"


class PreviousResponseNotFound(NotFound):
    """There is no such previous response."""

    code = "previous_response_not_found"


class MethodNotAllowed(DragomanError):
    """This path does not know that method."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"
    retryable = False


class Conflict(DragomanError):
    """Something else is using this right now."""

    status = 409
    type = "conflict_error"
    code = "conflict"


class RateLimited(DragomanError):
    """Too many requests. Slow down."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class RequestBeyondLimit(RateLimited):
    """The request alone may use more tokens than the key's limit has in a whole window."""

    code = "tokens_limit_exceeded"
    retryable = False


class InsufficientQuota(RateLimited):
    """The key's balance does not cover this request."""

    type = "insufficient_quota"
    code = "insufficient_quota"
    retryable = False


class BudgetExhausted(InsufficientQuota):
    """The balance or the agent's cost limit was used up before the answer was complete."""

    code = "budget_exhausted"


class SpendLimitReached(InsufficientQuota):
    """The account's limit for a day or a month leaves too little for this request."""

    code = "spend_limit_reached"


class BalanceOnHold(RateLimited):
    """Other running requests hold the balance this one needs."""

    code = "balance_on_hold"


class ServerError(DragomanError):
    """Something went wrong on our side. A retry may help."""


class SchemaMismatch(ServerError):
    """The database was made by another version of this software."""

    code = "schema_mismatch"


class CredentialUnreadable(ServerError):
    """The stored credential cannot be opened. Store it again, or tell your operator."""

    code = "credential_unreadable"
    retryable = False


class StoreUnavailable(ServerError):
    """The database cannot be written right now; nothing was sent to a model."""

    status = 503
    code = "store_unavailable"


class IssuerUnavailable(ServerError):
    """The issuer of the bearer token cannot be reached, so the token cannot be verified."""

    status = 503
    code = "issuer_unavailable"


class Overloaded(ServerError):
    """Too many requests are in flight on this server."""

    status = 503
    code = "overloaded"


class ShuttingDown(ServerError):
    """This server is shutting down. A retry reaches another, or this one when it is back."""

    status = 503
    code = "shutting_down"


class ClientGone(DragomanError):
    """The client went away before the answer was complete."""

    status = 499
    type = "cancelled"
    code = "client_disconnected"


class UpstreamError(DragomanError):
    """The model's provider failed."""

    status = 502
    type = "model_error"
    code = "upstream_error"
    retried: bool = False
    """Whether a second attempt may help when nothing was received yet; an instance may differ."""
    upstream_status: int | None = None
    """The provider's own HTTP status, where it answered with one that is no success."""


class UpstreamRejected(UpstreamError):
    """The model's provider refused the request as invalid."""

    status = 400
    type = "invalid_request_error"
    code = "upstream_rejected"
    retryable = False


class UpstreamContextTooLong(UpstreamRejected):
    """The input is longer than the model's context window."""

    code = "context_length_exceeded"


class UpstreamModelMissing(UpstreamError):
    """The provider does not know the model this agent names."""

    status = 404
    code = "model_not_found"
    retryable = False


class UpstreamRateLimited(UpstreamError):
    """The model's provider is limiting our requests."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"
    retried = True


class UpstreamUnavailable(UpstreamError):
    """The model's provider is unavailable or overloaded."""

    status = 503
    code = "upstream_unavailable"
    retried = True


class UpstreamConnectFailed(UpstreamError):
    """The model's provider cannot be reached."""

    status = 503
    code = "upstream_unreachable"
    retried = True


class UpstreamCut(UpstreamError):
    """The model's provider ended the stream before the answer was complete."""

    code = "upstream_cut"
    retried = True


class UpstreamGarbled(UpstreamError):
    """The model's provider sent something that is not its own protocol."""

    code = "upstream_garbled"


class UpstreamCredentialRefused(UpstreamError):
    """The model's provider refused the configured credential. Tell your operator."""

    code = "upstream_credential_refused"
    retryable = False


class UpstreamTimeout(UpstreamError):
    """The model's provider did not answer in time."""

    status = 504
    code = "upstream_timeout"


class ToolChoiceIgnored(UpstreamError):
    """The model did not keep to tool_choice, also when told again."""

    status = 500
    code = "tool_choice_ignored"


class CompactionFailed(UpstreamError):
    """The model gave no whole summary of the context."""

    status = 500
    code = "compaction_failed"
