"""What time it was by ours when it was so late by Asterisk's: its reports say when, and come late.

Asterisk's wall clock may be set at any moment, and ours is monotonic. What is known of the distance
between them is an interval: a Ping's answer bounds it from both sides, by when it was sent and when
it was answered, and every report from above, by when it arrived. One that becomes empty means that
Asterisk's clock was set, and only what was learnt last still holds.
"""

from math import inf

LATEST = 8.0
"""Seconds a report may have been on its way: for so long a silent link is believed in. One that
seems older was sent after Asterisk's clock was set back, which no Ping has told yet."""

DRIFT = 0.0005
"""What two clocks may gain on each other, per second: as much as a kernel lets NTP slew one."""


class ServerClock:
    """Asterisk's wall clock beside our monotonic one. All moments are in seconds."""

    def __init__(self) -> None:
        """Nothing is known of it yet."""
        self._least, self._most = -inf, inf
        """Bounds of our clock less Asterisk's ..."""
        self._known_at = 0.0
        """... as they were then, by ours."""

    def answered(self, asterisk: float, *, sent: float, received: float) -> None:
        """A Ping, sent and answered then by ours, was answered at *asterisk* by its clock."""
        self._narrow(sent - asterisk, received - asterisk, received)

    def moment(self, asterisk: float, *, received: float, ahead: float = 0.0) -> float:
        """When it was *asterisk* by its clock, as a report says that arrived at *received*.

        *ahead*: by so much the report names a moment that was yet to come when it was sent.
        Never later than *received*, and never more than `LATEST` earlier.
        """
        at_most = received - (asterisk - ahead)
        self._narrow(-inf, at_most, received)
        if received - self._ours(asterisk) <= LATEST:
            return min(self._ours(asterisk), received)
        self._least, self._most = -inf, at_most
        return received

    def long_ago(self, asterisk: float, *, now: float) -> float:
        """When it was *asterisk* by its clock, which may be any time before *now*.

        Right if its clock was not set since; *now* if that moment seems yet to come, or nothing is
        known of its clock.
        """
        return now if self._most == inf else min(self._ours(asterisk), now)

    def _ours(self, asterisk: float) -> float:
        offset = self._most if self._least == -inf else (self._least + self._most) / 2
        return asterisk + offset

    def _narrow(self, least: float, most: float, now: float) -> None:
        drifted = DRIFT * max(now - self._known_at, 0.0)
        self._least = max(self._least - drifted, least)
        self._most = min(self._most + drifted, most)
        self._known_at = now
        if self._least > self._most:
            self._least, self._most = least, most
