"""How long to wait before a request is sent again.

Method: "full jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from textcx_client.errors import BadSetting

if TYPE_CHECKING:
    import random

MOST_DOUBLINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how patiently a request is sent again.

    Attributes:
        times: Most repetitions; 0 for none.
        first: Longest wait before the first repetition, in seconds; it doubles each time.
        longest: Longest wait, in seconds. Where the service asks for a longer one, the error is raised instead.
    """

    times: int = 5
    first: float = 0.5
    longest: float = 30.0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        if self.times < 0 or not 0 <= self.first <= self.longest < math.inf:
            msg = f"expected times >= 0 and 0 <= first <= longest, got {self}"
            raise BadSetting(msg)

    def wait(self, repetitions: int, *, retry_after: float | None, rng: random.Random) -> float:
        """Return the seconds to wait after so many repetitions: at least ``retry_after``, where there is one."""
        if retry_after is not None:
            return retry_after + rng.uniform(0, self.first)
        return rng.uniform(0, min(self.longest, self.first * 2 ** min(repetitions, MOST_DOUBLINGS)))


def seconds_of(retry_after: str | None, *, now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` says to wait, maybe as a date (RFC 9110, 10.2.3); null for nothing."""
    value = (retry_after or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
