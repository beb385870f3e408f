"""What this process has, in which a callcue of the random commands runs too."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Own:
    """At one moment."""

    tasks: int
    files: int
    """Descriptors."""

    @classmethod
    def now(cls) -> Self:
        """As it is."""
        return cls(len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir())))

    async def until_back(self) -> None:
        """Wait until no more is there than this."""
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while (now := self.now()).tasks > self.tasks or now.files > self.files:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"it began with {self}, and still has {now}") from None


def resident_kib() -> int:
    """Memory, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
