"""Decibels as Asterisk has them: `VOLUME(TX)` multiplies or divides samples by a whole number."""

from dataclasses import dataclass
from math import log10


@dataclass(frozen=True, slots=True)
class Gain:
    """A factor as `VOLUME(TX)` takes it: 4 is four times, -4 a quarter, 0 as it was."""

    factor: int

    @property
    def decibels(self) -> int:
        """The same in dB, to the nearest whole one."""
        loud = 20 * log10(abs(self.factor) or 1)
        return round(loud if self.factor > 0 else -loud)


_GAINS = [Gain(0), *(Gain(factor) for n in range(2, 33) for factor in (n, -n))]


def nearest_gain(decibels: float) -> Gain:
    """The gain that comes nearest to *decibels*."""
    return min(_GAINS, key=lambda gain: abs(gain.decibels - decibels))
