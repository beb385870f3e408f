"""When, as people say it: `2026-01-31`, `2026-01-31T14:00`, or `90m` ago."""

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The moment that *text* names; without a zone it is UTC.

    Raises:
        ValueError: it names none; the text says what would.

    """
    if ago := _AGO.fullmatch(text.strip()):
        try:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        except OverflowError:
            return datetime(1970, 1, 1, tzinfo=UTC)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("must be a time as 2026-01-31T14:00, or 30m, 12h, 7d ago") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
