"""What we sent as a credential does not come back in a provider's words."""

from __future__ import annotations

import pytest

from providers.scrubbing import scrub, scrubbed, secrets_of
from specs.errors import UpstreamRejected

SENT = {
    "authorization": "Bearer sk-secret-0123",
    "x-team": "engineers",
    "accept": "text/event-stream",
    "x-n": "7",
}


def test_values_and_tokens_are_secret_but_not_what_every_request_carries() -> None:
    assert secrets_of(SENT) == {"Bearer sk-secret-0123", "sk-secret-0123", "engineers"}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Incorrect key: sk-secret-0123.", "Incorrect key: ***."),
        ("You sent 'Bearer sk-secret-0123' twice: sk-secret-0123", "You sent '***' twice: ***"),
        ("cut off in it: sk-secret-01", "cut off in it: ***"),
        ("cut off early: sk-secr", "cut off early: sk-secr"),
        ("nothing of ours", "nothing of ours"),
    ],
)
def test_a_text_is_shown_without_them(message: str, shown: str) -> None:
    assert scrub(message, secrets_of(SENT)) == shown


def test_a_failure_keeps_everything_else() -> None:
    failure = UpstreamRejected("No: sk-secret-0123", code="bad", param="model", retry_after=2)
    told = scrubbed(failure, SENT).failure
    assert (told.message, told.code, told.param, told.retry_after) == ("No: ***", "bad", "model", 2)
    assert "secret" not in str(failure)
