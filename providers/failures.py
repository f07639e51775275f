"""What went wrong upstream, mapped to our failures: an exception, a refusing response, an error in
a stream. Nothing an upstream wrote is passed on, but for the message of a 400: it tells the caller
what to change.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from math import isfinite

import msgspec
from aiohttp import client_exceptions as http

from providers.complaints import (
    CODES,
    CONTENT_EXCEPTIONS,
    CONTEXT_MARKS,
    CREDENTIAL_MARKS,
    UpstreamComplaint,
    class_of_code,
    read_complaint,
)
from specs.errors import (
    UpstreamConnectFailed,
    UpstreamContextTooLong,
    UpstreamCredentialRefused,
    UpstreamCut,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)

__all__ = [
    "CONTENT_EXCEPTIONS",
    "EXCEPTIONS",
    "TRANSPORT_EXCEPTIONS",
    "UpstreamComplaint",
    "failure_from_error",
    "failure_from_exception",
    "failure_from_response",
    "read_complaint",
    "retry_after",
]

EXCEPTIONS: dict[type[BaseException], type[UpstreamError]] = {
    http.ClientError: UpstreamError,
    http.ClientConnectionError: UpstreamConnectFailed,
    http.ClientConnectionResetError: UpstreamCut,
    http.ClientOSError: UpstreamCut,
    http.ClientConnectorError: UpstreamConnectFailed,
    http.ClientProxyConnectionError: UpstreamConnectFailed,
    http.ClientSSLError: UpstreamConnectFailed,
    http.ClientConnectorDNSError: UpstreamConnectFailed,
    http.ClientConnectorSSLError: UpstreamConnectFailed,
    http.ClientConnectorCertificateError: UpstreamConnectFailed,
    http.UnixClientConnectorError: UpstreamConnectFailed,
    http.ConnectionTimeoutError: UpstreamConnectFailed,
    http.SocketTimeoutError: UpstreamTimeout,
    http.ServerConnectionError: UpstreamCut,
    http.ServerTimeoutError: UpstreamTimeout,
    http.ServerDisconnectedError: UpstreamCut,
    http.ServerFingerprintMismatch: UpstreamConnectFailed,
    http.ClientResponseError: UpstreamGarbled,
    http.ClientHttpProxyError: UpstreamConnectFailed,
    http.WSServerHandshakeError: UpstreamGarbled,
    http.WSMessageTypeError: UpstreamGarbled,
    http.ContentTypeError: UpstreamGarbled,
    http.TooManyRedirects: UpstreamGarbled,
    http.ClientPayloadError: UpstreamCut,
    http.UploadAbortedError: UpstreamCut,
    http.InvalidURL: UpstreamConnectFailed,
    http.InvalidUrlClientError: UpstreamConnectFailed,
    http.NonHttpUrlClientError: UpstreamConnectFailed,
    http.RedirectClientError: UpstreamGarbled,
    http.InvalidUrlRedirectClientError: UpstreamGarbled,
    http.NonHttpUrlRedirectClientError: UpstreamGarbled,
    TimeoutError: UpstreamTimeout,
    OSError: UpstreamConnectFailed,
    msgspec.MsgspecError: UpstreamGarbled,
    UnicodeError: UpstreamGarbled,
}
"""What reading from an upstream can raise, and the failure it is; the nearest class decides."""

TRANSPORT_EXCEPTIONS = (http.ClientError, TimeoutError, OSError)
"""What the network can raise."""
RETRIED_STATUS = frozenset({408, 409, 429})
MAX_MESSAGE = 300
"""Characters of an upstream's message that are passed on."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e]+")


def failure_from_error(complaint: UpstreamComplaint) -> UpstreamError:
    """Map an error that came inside a stream whose status was 200. For decoders."""
    found = class_of_code(complaint.code) or UpstreamError
    return _told(found, complaint) if issubclass(found, UpstreamRejected) else found()


def failure_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    error_code: Callable[[bytes], str] | None = None,
) -> UpstreamError:
    """Map a response whose status is not 2xx. `error_code` reads the code where a wire has its own shape."""
    complaint = read_complaint(body)
    if error_code is not None:
        complaint = UpstreamComplaint(error_code(body) or complaint.code, complaint.message)
    failure = _failure_of_status(status, complaint)
    failure.upstream_status = status
    failure.retry_after = retry_after(headers, now=time.time())
    failure.retried = (status in RETRIED_STATUS or status >= 500) and complaint.code != "insufficient_quota"
    return failure


def _failure_of_status(status: int, complaint: UpstreamComplaint) -> UpstreamError:
    if status == 529 or status >= 500:
        return UpstreamTimeout() if status == 504 else UpstreamUnavailable()
    found = CODES.get(str(status), UpstreamError)
    if found is UpstreamRejected:
        told = class_of_code(complaint.code)
        return _told(_caller_or_credential(told) or found, complaint, quote=status == 400)
    return found()


def _caller_or_credential(told: type[UpstreamError] | None) -> type[UpstreamError] | None:
    """A code may refine a rejection, but not turn it into an outage."""
    return told if told is UpstreamCredentialRefused or (told is not None and told.status < 500) else None


def _told(found: type[UpstreamError], complaint: UpstreamComplaint, *, quote: bool = True) -> UpstreamError:
    """Refine a rejection by its words, and quote them where the caller can act on them."""
    words = complaint.message.lower()
    if not issubclass(found, UpstreamRejected):
        return found()
    if any(mark in words for mark in CONTEXT_MARKS) or found is UpstreamContextTooLong:
        return UpstreamContextTooLong()
    if any(mark in words for mark in CREDENTIAL_MARKS):
        return UpstreamCredentialRefused()
    message = clean_message(complaint.message) if quote else ""
    default = " ".join((found.__doc__ or "").split())
    return found(f"{default.rstrip('.')}: {message}") if message else found()


def clean_message(message: str) -> str:
    """Cut a foreign message to its first 300 characters, without control characters."""
    return _CONTROL.sub(" ", message).strip()[:MAX_MESSAGE]


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds to wait, by `retry-after-ms` or `retry-after` (seconds or an HTTP date, RFC 9110 §10.2.3).

    `now` is Unix seconds. None: the headers do not say, or not in a form we know.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is None and given:
        try:
            seconds = parsedate_to_datetime(given).timestamp() - now
        except ValueError:
            return None
    return None if seconds is None else max(0.0, seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None


def failure_from_exception(error: BaseException) -> UpstreamError:
    """Map what the network or a decoder raised; raise the result `from` it."""
    for kind in type(error).__mro__:
        if kind in EXCEPTIONS:
            return EXCEPTIONS[kind]()
    return UpstreamError()
