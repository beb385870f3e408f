"""When, as people say it: `2026-01-31`, `2026-01-31T14:00`, or `90m` from now, back or on."""

import re
from datetime import UTC, datetime, timedelta

_LONG = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The moment that *text* names; without a zone it is UTC.

    Raises:
        ValueError: it names none; the text says what would.

    """
    if (long := _long(text)) is not None:
        try:
            return now - long
        except OverflowError:
            return datetime(1970, 1, 1, tzinfo=UTC)
    return _named(text, "must be a time as 2026-01-31T14:00, or 30m, 12h, 7d ago")


def moment_ahead(text: str, now: datetime) -> datetime:
    """The moment after *now* that *text* names, or that is so long ahead.

    Raises:
        ValueError: it names none, or one that is over; the text says what would.

    """
    says = "must be a time to come as 2026-01-31T14:00, or 12h, 30d ahead"
    if (long := _long(text)) is not None:
        try:
            found = now + long
        except OverflowError:
            raise ValueError(says) from None
    else:
        found = _named(text, says)
    if found <= now:
        raise ValueError(says)
    return found


def _long(text: str) -> timedelta | None:
    given = _LONG.fullmatch(text.strip())
    return timedelta(**{_UNITS[given[2]]: int(given[1])}) if given else None


def _named(text: str, says: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(says) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
