"""For tests that are about something else: everybody may ask as often as they like."""

from callcue.api.rates import Paces, Rate, Rates

LIMITS = {
    "key_per_second": 1_000_000,
    "key_burst": 1_000_000,
    "user_per_second": 1_000_000,
    "user_burst": 1_000_000,
}
"""The same in the settings."""


def unhurried() -> Paces:
    """Nobody ever asks too often."""
    return Paces(Rates(Rate(1_000_000, 1_000_000)))
