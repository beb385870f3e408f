"""A clip in a call of two follows nobody out of it."""

from ears import hearing
from real.hand import Hand
from real.service import Service
from real.talk import Telephone


async def test_given_a_clip_for_both_when_one_is_sent_elsewhere_and_a_third_is_there_then_it_ends(
    telephone: Telephone, service: Service, hand: Hand
) -> None:
    caller, called = await telephone.talk()
    (leaves,) = (c for c in service.server.directory.calls() if called.mark in c.channel)
    _, accepted = await service.integrator(caller.id).play("sweep")
    await called.until(lambda: hearing.audible(called.frames[-1]))
    await telephone.alone("third", WITH=str(caller.id))
    await service.until(lambda: len(service.server.directory.parties(leaves.place)) == 3)
    await hand.do(
        "Redirect",
        Channel=leaves.uniqueid,
        Context="callcue-test-calls",
        Exten="wait",
        Priority="1",
    )
    ended = await service.integrator(caller.id).ended(accepted["id"])
    assert ended["endReason"] == "hung_up"
    heard = await called.listen(0.4)
    assert not any(hearing.audible(frame) for frame in heard[10:])
