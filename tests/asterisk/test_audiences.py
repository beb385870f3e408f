"""Agent and caller: who is which is read from the settings and from the channel itself."""

import asyncio
import time

from argon2 import PasswordHasher
from ears import hearing
from ears.ear import Ear, EarServer
from pydantic import SecretStr
from real.hand import Hand
from real.pbx import Pbx
from real.service import Service, running_service
from real.talk import Telephone

from callcue.settings.tables import Calls, User

PASSWORD = "a-long-one"
SCREENS = ("agent", "caller")
"""Users whose clips are for that audience; their names are the same."""


def hear_one_after_the_other(first: Ear, second: Ear, since: float) -> None:
    """Of two clips the first was heard by the one alone, and the second by the other alone."""
    for ear, other in ((first, second), (second, first)):
        assert any(hearing.audible(f) for f in ear.since(since))
        heard = [f.at for f in ear.since(since) if hearing.audible(f)]
        disturbed = [f for f in other.since(heard[0]) if f.at <= heard[-1] and hearing.audible(f)]
        assert disturbed == []


async def test_given_a_pattern_of_agents_channels_when_played_to_one_then_that_one_alone_hears(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    telephone = Telephone(hand, ears)
    caller, agent = await telephone.talk()
    patterns = Calls(agent_channels=(f"*{agent.mark}*",))
    async with running_service(pbx, calls=patterns) as service:
        bird = service.integrator(caller.id)
        start = time.monotonic()
        for audience in ("agent", "caller"):
            _, answer = await bird.play("blink", audience=audience)
            assert (await bird.ended(answer["id"]))["endReason"] == "finished"
            await asyncio.gather(caller.listen(0.2), agent.listen(0.2))
        hear_one_after_the_other(agent, caller, start)
        await telephone.close()


async def test_given_a_user_with_an_audience_when_the_screen_plays_then_that_one_alone_hears(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    secret = SecretStr(PasswordHasher().hash(PASSWORD))
    users = tuple(User(user=name, password_hash=secret, audience=name) for name in SCREENS)
    telephone = Telephone(hand, ears)
    async with running_service(pbx, users=users) as service:
        agent, caller = await telephone.talk(CALLCUE_AGENT="agent-in-a-bridge")
        start = time.monotonic()
        for user in SCREENS:
            answer = await play(service, user)
            assert answer.startswith("SUCCESS"), answer
            await asyncio.gather(caller.listen(0.5), agent.listen(0.5))
        hear_one_after_the_other(agent, caller, start)
        await telephone.close()


async def play(service: Service, user: str) -> str:
    """As that user's screen plays, by VICIdial's names."""
    screen = service.screen("agent-in-a-bridge")
    login = {"user": user, "pass": PASSWORD}
    return await screen.send(value="blink", stage="PLAY", **login)
