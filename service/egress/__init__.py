"""The one door for every outbound call that someone other than the operator can influence.

What may be reached is checked where the socket is made, so nothing that happens before (names,
redirects, odd spellings, a name that changes its mind) can lead around it.
"""

from service.egress.door import Bounds, Door, Fetched
from service.egress.errors import EgressError, Forbidden, TimedOut, TooLarge, Unreachable
from service.egress.targets import check_url

__all__ = [
    "Bounds",
    "Door",
    "EgressError",
    "Fetched",
    "Forbidden",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "check_url",
]
