"""What a function of `api.php` is, whichever it is."""

from dataclasses import dataclass
from typing import Protocol

from callcue.api.users import ApiUser

from . import wire
from .parameters import Parameters


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered."""

    text: str
    """The lines, without the end of the last."""
    ends_here: bool = False
    """Whether VICIdial's script ends with it, before it gets to the link that closes the window."""
    status: int = 200
    newline: bool = True
    """Whether the last line is ended."""

    @classmethod
    def of(cls, text: str) -> "Said":
        """What *text* is, by VICIdial's own lines."""
        last = text.rpartition("\n")[2]
        return cls(text, ends_here=last.startswith(wire.ENDS_THE_SCRIPT))


class Function(Protocol):
    """One function; who asks has logged in."""

    async def answer(self, asked: Parameters, user: ApiUser) -> Said | str:
        """Check what is asked and whether *user* may, do it, and say what came of it.

        A text alone is what `Said.of` makes of it.
        """
