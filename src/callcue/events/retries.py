"""When a delivery that failed is tried again."""

import random

DELAYS = (1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Seconds after the first failure, the second, ...; from the last on always the same."""
JITTER = 0.2
"""By so much of it a delay is longer or shorter: what failed together is not to come together."""
LONGEST_ASKED_FOR = 3600.0
"""So long a receiver may ask us to wait; more is taken for this."""
LONGEST_DELAY = max(DELAYS[-1] * (1 + JITTER), LONGEST_ASKED_FOR)
"""Seconds; what is said to be due later was said before a clock was set back."""


def delay(attempts: int, asked_for: float = 0.0) -> float:
    """Seconds until the next attempt, after so many; not before what the receiver *asked for*."""
    usual = DELAYS[min(attempts, len(DELAYS)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return max(usual, min(asked_for, LONGEST_ASKED_FOR))
