"""Does Asterisk have this sound? Only it knows its folders, languages and formats: it is asked.

A probe is a `Local` channel on which each sound is opened past its end: a sound that is there
takes 20 ms and is not heard by anybody, one that is not takes none.
"""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from callcue.asterisk.errors import LinkError
from callcue.asterisk.ids import PROBE
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.core.errors import AsteriskUnavailable

EVENTS = frozenset({"UserEvent", "OriginateResponse"})
"""The AMI events a probe lives on."""

PROBE_CONTEXT = "callcue-probe"
PER_PROBE = 5
DEADLINE = 2.0


class SoundProbe:
    """Asks one Asterisk for sounds."""

    def __init__(self, link: Link) -> None:
        """Nothing is sent before the first question."""
        self._link = link
        self._asked: dict[str, tuple[Sequence[str], asyncio.Future[set[str]], set[str]]] = {}

    async def missing(self, sounds: Sequence[str]) -> set[str]:
        """Those of *sounds* that Asterisk cannot play.

        Raises:
            AsteriskUnavailable: it did not say.

        """
        parts = [sounds[i : i + PER_PROBE] for i in range(0, len(sounds), PER_PROBE)]
        answers = await asyncio.gather(*(self._ask(part) for part in parts))
        return set().union(*answers)

    async def _ask(self, sounds: Sequence[str]) -> set[str]:
        probe = f"{PROBE}{uuid4()}"
        answer: asyncio.Future[set[str]] = asyncio.get_running_loop().create_future()
        self._asked[probe] = (sounds, answer, set())
        try:
            async with asyncio.timeout(DEADLINE):
                await self._originate(probe, sounds)
                return await answer
        except TimeoutError:
            raise AsteriskUnavailable("Asterisk did not say whether it has the sound") from None
        except LinkError as error:
            raise AsteriskUnavailable(str(error)) from error
        finally:
            del self._asked[probe]

    async def _originate(self, probe: str, sounds: Sequence[str]) -> None:
        await self._link.send(
            "Originate",
            {
                "Channel": f"Local/answer@{PROBE_CONTEXT}/n",
                "Context": PROBE_CONTEXT,
                "Exten": "probe",
                "Priority": 1,
                "ChannelId": probe,
                "OtherChannelId": f"{probe}-2",
                "Async": "true",
            },
            variables={
                "CALLCUE_COUNT": len(sounds),
                **{f"CALLCUE_CLIP_{n}": sound for n, sound in enumerate(sounds, 1)},
            },
        )

    def on_event(self, event: AmiEvent) -> None:
        """Take in one AMI event; those of other channels are not ours."""
        asked = self._asked.get(event.get("Uniqueid"))
        if asked is None:
            return
        sounds, answer, missing = asked
        if answer.done():
            return
        if event.name == "OriginateResponse" and event.get("Response") == "Failure":
            answer.set_exception(AsteriskUnavailable("Asterisk could not start the probe"))
        elif event.get("UserEvent") == "CallcueSound":
            self._note(event, sounds, answer, missing)

    @staticmethod
    def _note(
        event: AmiEvent, sounds: Sequence[str], answer: asyncio.Future[set[str]], missing: set[str]
    ) -> None:
        numbers = [str(number) for number in range(1, len(sounds) + 1)]
        if event.get("Item") not in numbers:
            return  # no answer to what was asked
        item = int(event.get("Item"))
        if event.get("Found") != "yes":
            missing.add(sounds[item - 1])
        if item == len(sounds):
            answer.set_result(missing)
