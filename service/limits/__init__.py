"""Limits: how often, how much and how many at once, counted in memory without waiting for anything."""

from service.limits.limiter import Limited, Limiter
from service.limits.standing import Standing
from service.limits.tokens import Reservation, TokenMeter

__all__ = ["Limited", "Limiter", "Reservation", "Standing", "TokenMeter"]
