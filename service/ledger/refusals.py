"""Why a hold was refused, said so that the caller can act on it."""

from __future__ import annotations

from datetime import UTC, datetime

from service.ledger.terms import Quote, Terms
from service.store.ports import HoldRefused
from specs.errors import (
    BalanceOnHold,
    BudgetExhausted,
    Conflict,
    DragomanError,
    InsufficientQuota,
    InvalidKey,
    SpendLimitReached,
)

_NANOS = 10**9
_FEW, _ALL = 4, 9


def refusal(terms: Terms, quote: Quote, refused: HoldRefused) -> DragomanError:
    """The failure a refused hold is to its caller."""
    if refused.reason == "key":
        return InvalidKey("This key has expired or was revoked.")
    if refused.reason == "run":
        return Conflict("This run has been ended by another process.")
    if over_limit(terms, quote):
        return _limit_reached(terms, quote)
    if refused.available + refused.held < quote.least:
        if refused.reason != "balance":
            return _limit_spent(terms, quote, refused)
        return _short(terms, quote, refused.available)
    return _on_hold(terms, quote, refused)


def over_limit(terms: Terms, quote: Quote) -> bool:
    """Whether not even the least output fits into what the agent's limit leaves for the run."""
    return terms.max_cost is not None and quote.least > terms.max_cost


def worth_counting(quote: Quote, refused: HoldRefused, *, floor: int) -> bool:
    """Whether an exact count could change the outcome; `floor` is the cost no count goes below."""
    if refused.reason in ("key", "run"):
        return False
    could_pass = refused.available >= floor
    could_pass_later = quote.least > refused.available + refused.held >= floor
    return could_pass or could_pass_later


def _short(terms: Terms, quote: Quote, available: int) -> InsufficientQuota:
    has, most = _dollars(available, quote.most)
    return InsufficientQuota(
        f'Key "{terms.key_name}" has {has} available; this request may cost up to {most} '
        f"({_tokens(quote)}). Lower max_output_tokens or ask your operator for credit."
    )


def _limit_spent(terms: Terms, quote: Quote, refused: HoldRefused) -> SpendLimitReached:
    """How long it lasts is told, but no client should wait that long by itself."""
    has, most, limit = _dollars(refused.available, quote.most, refused.limit)
    ends = datetime.fromtimestamp(refused.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return SpendLimitReached(
        f'Key "{terms.key_name}" may spend {has} more of its account\'s limit of {limit} a {refused.reason}; '
        f"this request may cost up to {most} ({_tokens(quote)}). A new {refused.reason} begins at {ends}."
    )


def _on_hold(terms: Terms, quote: Quote, refused: HoldRefused) -> BalanceOnHold:
    has, most, held = _dollars(refused.available, quote.most, refused.held)
    return BalanceOnHold(
        f'Key "{terms.key_name}" has {has} available while other requests hold {held}; '
        f"this request may cost up to {most} ({_tokens(quote)}). Retry when they have ended.",
        retry_after=1,
    )


def _limit_reached(terms: Terms, quote: Quote) -> BudgetExhausted:
    left, most = _dollars(terms.max_cost or 0, quote.most)
    return BudgetExhausted(
        f'Agent "{terms.agent}" may spend {left} more in this run; its next model call may cost up to '
        f"{most} ({_tokens(quote)}). Lower max_output_tokens or ask your operator for a higher limit."
    )


def _tokens(quote: Quote) -> str:
    return f"{quote.input:,} input, up to {quote.output:,} output tokens"


def _dollars(*amounts: int) -> list[str]:
    """Write amounts in dollars: four digits, or all nine where four would not tell them apart."""
    short = [_fixed(amount, _FEW) for amount in amounts]
    rounded_away = any(amount and amount < _NANOS // 10**_FEW for amount in amounts)
    if rounded_away or len(set(short)) < len(set(amounts)):
        return [_fixed(amount, _ALL) for amount in amounts]
    return short


def _fixed(amount: int, digits: int) -> str:
    units = (amount * 10**digits * 2 + _NANOS) // (_NANOS * 2)
    return f"${units // 10**digits}.{units % 10**digits:0{digits}}"
