"""Random commands on many calls with faults of the wire, then rounds of everything that goes wrong.

Of one seed both are always the same. At the end Asterisk's channels, and the tasks, descriptors and
memory of every callcue are back where they began.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from real.hand import open_hand
from real.pbx import Pbx, as_debian_starts_it, running_pbx
from real.picture import picture, until_as
from real.sounds import make_clips
from real.world import make_sounds

from .commands import random_commands
from .own import Own
from .rounds import random_rounds


def main() -> None:
    """Play as many as the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="make soak",
        description=__doc__,
        epilog="About six minutes as it is; longer where the machine is busy.",
    )
    parser.add_argument("--commands", type=int, default=10_000, help="0 for none")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30, help="of chaos, 0 for none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asterisk", default="22", choices=("22", "16"))
    asyncio.run(_soak(parser.parse_args()))


async def _soak(wanted: argparse.Namespace) -> None:
    with _pbx(wanted.asterisk) as pbx:
        before = Own.now()
        async with open_hand(pbx, events="off") as hand:
            there = await picture(hand)
            if wanted.commands:
                await random_commands(pbx, wanted.commands, wanted.calls, wanted.seed, _say)
                await until_as(hand, there)
            if wanted.rounds:
                await random_rounds(pbx, wanted.rounds, wanted.seed, _say)
                await until_as(hand, there)
        await before.until_back()
        _say(f"no violation. At the beginning {before}, at the end {Own.now()}")


@contextmanager
def _pbx(version: str) -> Iterator[Pbx]:
    with running_pbx("--asterisk", version) as pbx:
        make_sounds(pbx.sounds)
        make_clips(pbx.sounds)
        # What is heard does not depend on how busy this machine is.
        with as_debian_starts_it(pbx):
            yield pbx


def _say(text: str) -> None:
    sys.stderr.write(f"soak: {text}\n")


if __name__ == "__main__":
    main()
