"""Everything that goes wrong in life, again and again, in an order that the seed says."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.faults import FAULTS
from chaos.house import asterisk_is_killed, asterisk_stands_still
from chaos.kills import callcue_is_killed
from chaos.scene import Ground
from chaos.verdict import meets
from real.hand import open_hand
from real.parties import ears_for
from real.pbx import Pbx

Round = Callable[[Ground], Awaitable[None]]

ROUNDS: Mapping[str, Round] = {
    **{fault.__name__: partial(meets, fault) for fault in FAULTS},
    callcue_is_killed.__name__: callcue_is_killed,
    "asterisk_is_killed": lambda ground: asterisk_is_killed(ground.pbx.major, ground.folder),
    "asterisk_stands_still": lambda ground: asterisk_stands_still(ground.pbx.major, ground.folder),
}
"""Each looks itself whether all is as it should be, and lasts less than `WITHIN_SECONDS`."""

WITHIN_SECONDS = 120.0


async def random_rounds(pbx: Pbx, count: int, seed: int, say: Callable[[str], None]) -> None:
    """So many of them; *say* is told of each."""
    chance = random.Random(seed)
    async with open_hand(pbx) as hand, ears_for(pbx, hand) as ears:
        for number, name in enumerate(islice(_order(chance), count), 1):
            began = time.monotonic()
            with TemporaryDirectory() as folder:
                try:
                    async with asyncio.timeout(WITHIN_SECONDS):
                        await ROUNDS[name](Ground(pbx, hand, ears, Path(folder), seed + number))
                except BaseException as failure:
                    failure.add_note(f"round {number} of seed {seed}: {name}")
                    raise
            hand.forget()
            say(f"round {number}: {name}, {time.monotonic() - began:.0f} s")


def _order(chance: random.Random) -> Iterator[str]:
    """Each before any comes again."""
    while True:
        yield from chance.sample(sorted(ROUNDS), len(ROUNDS))
