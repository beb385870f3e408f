"""Which URLs may be a webhook's: judged when it is made, and at each delivery anew."""

from collections.abc import Callable, Coroutine
from typing import Any

LONGEST_URL = 2000
"""Characters."""

CheckReceiver = Callable[[str], Coroutine[Any, Any, None]]
"""Says nothing of a URL that may be one. Raises `NoReceiver`, `ReceiverRefused`."""


class NoReceiver(Exception):
    """No webhook has such a URL; the text says why, for who gave it."""


class ReceiverRefused(NoReceiver):
    """It leads where callcue sends nothing."""
