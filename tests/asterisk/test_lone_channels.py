"""A channel that is alone and hears a clip: what belongs to its own call stays so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from real.hand import Hand, Message
from real.service import Service
from real.talk import Telephone

ENDS = "callcue-test-ends"


async def _said(hand: Hand, name: str, uniqueid: str) -> Message:
    """The event that this channel's own dialplan raises."""

    def found() -> list[Message]:
        return [
            event
            for event in hand.events
            if (event.get("UserEvent"), event.get("Uniqueid")) == (name, uniqueid)
        ]

    await hand.until(lambda: bool(found()))
    return found()[0]


async def _listens(hand: Hand, uniqueid: str) -> None:
    await hand.until(
        lambda: any(
            (event.get("Event"), event.get("SpyerUniqueid")) == ("ChanSpyStart", uniqueid)
            for event in hand.events
        )
    )


async def test_given_a_caller_who_listens_when_it_hangs_up_then_its_own_h_extension_runs(
    telephone: Telephone, service: Service, hand: Hand
) -> None:
    caller = await telephone.alone(context=ENDS)
    status, _ = await service.integrator(caller.id).play("sweep")
    assert status == 202
    await _listens(hand, str(caller.id))
    caller.hang_up()
    assert (await _said(hand, "TestEnd", str(caller.id)))["Context"] == ENDS


async def test_given_a_caller_who_listens_when_its_own_time_is_over_then_its_own_t_extension_runs(
    telephone: Telephone, service: Service, hand: Hand
) -> None:
    caller = await telephone.alone("limited", context=ENDS)
    _, accepted = await service.integrator(caller.id).play("sweep")
    await _listens(hand, str(caller.id))
    assert (await _said(hand, "TestLate", str(caller.id)))["Context"] == ENDS
    ended = await service.integrator(caller.id).ended(accepted["id"])
    assert ended["endReason"] == "hung_up"
    assert not caller.gone.is_set()


async def test_given_one_who_is_asked_before_it_is_connected_when_played_then_refused_and_it_stays(
    telephone: Telephone, service: Service
) -> None:
    """Without a dialplan of its own it would be torn away, and who called it be hung up."""
    caller, called = await telephone.talk("screened")
    (call,) = (c for c in service.server.directory.calls() if called.mark in c.channel)
    status, answer = await service.integrator(call.id).play("low")
    assert (status, answer["code"]) == (409, "cannot_play_here"), answer
    assert "no dialplan of its own" in answer["message"]
    await called.listen(0.3)
    assert not caller.gone.is_set()


@asynccontextmanager
async def _script(command: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """An AGI script with one command: its port, and what it is told when that is over."""
    told: list[bytes] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.readline()).strip():
            pass
        writer.write(command)
        told.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(run, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], told


async def test_given_a_caller_in_a_script_that_waits_when_played_then_refused_and_it_waits_on(
    telephone: Telephone, service: Service
) -> None:
    async with _script(b"EXEC Wait 604800\n") as (port, told):
        caller = await telephone.alone("agi", AGI_PORT=str(port))
        status, answer = await service.integrator(caller.id).play("low")
        assert (status, answer["code"]) == (409, "cannot_play_here"), answer
        assert "in AGI, which cannot be resumed" in answer["message"]
        await caller.listen(0.3)
        assert not told
        caller.hang_up()
        await caller.gone.wait()
