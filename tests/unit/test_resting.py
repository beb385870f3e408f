"""Where a channel that is alone stands, asked over a real socket: taken from there, or refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fake_ami import FakeAmi, Owner, error, linked

from callcue.asterisk.resting import RESUMABLE, ReturnPoint, return_point
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere

RESTS = {
    "Uniqueid": "1",
    "Channel": "PJSIP/1-00000001",
    "ChannelState": "6",
    "BridgeID": "",
    "Context": "from-trunk",
    "Exten": "100",
    "Priority": "3",
    "Application": "Wait",
}


@asynccontextmanager
async def asterisk(waits: str = "10.000", **status: str) -> AsyncIterator[tuple[FakeAmi, Owner]]:
    """One channel that rests, but for what *status* says.

    *waits*: its response timeout, which only a channel with a dialplan of its own has.
    """
    async with FakeAmi() as ami, linked(ami) as owner:
        rests = {**RESTS, **status}
        ami.belief.lists["Status"] = [rests]
        ami.on("Getvar", lambda asked: {"Response": "Success", **asked, "Value": waits})
        step = {"Priority": rests["Priority"], "Application": rests["Application"]}
        ami.belief.lists["ShowDialPlan"] = [{"Priority": "1", "Application": "Answer"}, step]
        yield ami, owner


async def ask(owner: Owner) -> ReturnPoint | None:
    return await return_point(owner.link, "1", RESUMABLE)


async def test_given_one_that_waits_when_asked_then_its_place_and_only_that_one_is_asked() -> None:
    async with asterisk() as (ami, owner):
        point = await ask(owner)
        assert point == ReturnPoint("from-trunk", "100", "3")
        assert str(point) == "from-trunk/100/3"
        (status,), (getvar,) = ami.received("Status"), ami.received("Getvar")
        assert status["Channel"] == getvar["Channel"] == "1"
        (shown,) = ami.received("ShowDialPlan")
        assert (shown["Context"], shown["Extension"]) == ("from-trunk", "100")


@pytest.mark.parametrize("application", [*RESUMABLE, "wait", "Background", "MUSICONHOLD"])
async def test_given_an_application_that_can_be_begun_anew_when_asked_then_its_place(
    application: str,
) -> None:
    async with asterisk(Application=application) as (_, owner):
        assert await ask(owner) is not None


async def test_given_an_extension_of_keys_when_asked_then_its_place() -> None:
    async with asterisk(Exten="*98#", Context="ivr.main+2_x-y") as (ami, owner):
        assert str(await ask(owner)) == "ivr.main+2_x-y/*98#/3"
        (shown,) = ami.received("ShowDialPlan")
        assert (shown["Context"], shown["Extension"]) == ("ivr.main+2_x-y", "*98#")


async def test_given_one_that_listens_already_when_asked_then_it_knows_its_place_itself() -> None:
    listens = {"Context": "callcue-beside", "Exten": "to-x", "Application": "ChanSpy"}
    async with asterisk(**listens) as (ami, owner):
        assert await ask(owner) is None
        assert ami.received("Getvar") == []


@pytest.mark.parametrize("state", ["0", "4", "5", ""])
async def test_given_one_that_is_not_answered_when_asked_then_refused(state: str) -> None:
    async with asterisk(ChannelState=state) as (_, owner):
        with pytest.raises(CannotPlayHere, match=r"^the call has not been answered$"):
            await ask(owner)


async def test_given_one_in_a_bridge_by_now_when_asked_then_refused() -> None:
    """Also where it listens: whoever has bridged it has taken it away."""
    for context in ("from-trunk", "callcue-beside"):
        async with asterisk(BridgeID="b", Context=context) as (_, owner):
            with pytest.raises(CannotPlayHere, match=r"^the call is just being connected$"):
                await ask(owner)


@pytest.mark.parametrize(
    ("application", "named"),
    [("Queue", "Queue"), ("Playback", "Playback"), ("Stasis", "Stasis"), ("", "nothing")],
)
async def test_given_an_application_that_cannot_be_begun_anew_when_asked_then_refused(
    application: str, named: str
) -> None:
    async with asterisk(Application=application) as (ami, owner):
        with pytest.raises(CannotPlayHere, match=f"^the call is in {named}, which cannot be"):
            await ask(owner)
        assert ami.received("Getvar") == []


async def test_given_another_list_of_applications_when_asked_then_only_those() -> None:
    async with asterisk(Application="Queue") as (_, owner):
        assert await return_point(owner.link, "1", ("Queue",)) is not None
    async with asterisk() as (_, owner):
        with pytest.raises(CannotPlayHere, match="in Wait"):
            await return_point(owner.link, "1", ())


@pytest.mark.parametrize(
    "odd",
    [
        {"Context": ""},
        {"Context": "from trunk"},
        {"Context": "a/b"},
        {"Context": "macro-stdexten"},
        {"Context": "x" * 81},
        {"Exten": ""},
        {"Exten": "1,2"},
        {"Exten": "${EXTEN}"},
        {"Exten": "a/b"},
        {"Exten": "a)b"},
        {"Priority": "0"},
        {"Priority": "-1"},
        {"Priority": "n"},
        {"Priority": ""},
        {"Priority": "1234567"},
    ],
)
async def test_given_a_place_that_cannot_be_handed_over_when_asked_then_refused(
    odd: dict[str, str],
) -> None:
    async with asterisk(**odd) as (ami, owner):
        with pytest.raises(CannotPlayHere, match="could not go back to where it is"):
            await ask(owner)
        assert ami.received("Getvar") == []


async def test_given_a_channel_that_anothers_application_runs_when_asked_then_refused() -> None:
    """One that is called with `Dial(…,U(…))`, and one that was originated into an application."""
    async with asterisk(waits="") as (_, owner):
        with pytest.raises(CannotPlayHere, match=r"^the call has no dialplan of its own$"):
            await ask(owner)


@pytest.mark.parametrize("step", [None, {"Priority": "2", "Application": "Wait"}])
async def test_given_a_place_that_is_not_in_the_dialplan_when_asked_then_refused(
    step: dict[str, str] | None,
) -> None:
    """One whose dialplan was reloaded; Asterisk calls it an error where nothing at all is left."""
    async with asterisk() as (ami, owner):
        if step is None:
            ami.on("ShowDialPlan", lambda _: error("Did not find extension 100@from-trunk"))
        else:
            ami.belief.lists["ShowDialPlan"] = [step]
        with pytest.raises(CannotPlayHere, match="in the dialplan does not exist any more"):
            await ask(owner)


async def test_given_an_application_that_a_script_has_begun_when_asked_then_refused() -> None:
    async with asterisk() as (ami, owner):
        ami.belief.lists["ShowDialPlan"] = [{"Priority": "3", "Application": "AGI"}]
        with pytest.raises(CannotPlayHere, match=r"^the call is in AGI, which cannot be resumed$"):
            await ask(owner)


async def test_given_two_extensions_that_fit_when_one_has_it_then_its_place() -> None:
    async with asterisk() as (ami, owner):
        ami.belief.lists["ShowDialPlan"] = [
            {"Priority": "hint", "Application": "PJSIP/1"},
            {"Priority": "3", "Application": "Congestion"},
            {"Priority": "3", "Application": "wait"},
        ]
        assert await ask(owner) is not None


@pytest.mark.parametrize("action", ["Status", "Getvar"])
async def test_given_a_channel_that_is_gone_when_asked_then_refused(action: str) -> None:
    async with asterisk() as (ami, owner):
        ami.on(action, lambda _: error("No such channel"))
        with pytest.raises(CannotPlayHere, match=r"^the call has ended$"):
            await ask(owner)


async def test_given_an_empty_list_when_asked_then_the_call_has_ended() -> None:
    async with asterisk() as (ami, owner):
        ami.belief.lists["Status"] = []
        with pytest.raises(CannotPlayHere, match=r"^the call has ended$"):
            await ask(owner)


@pytest.mark.parametrize("action", ["Status", "Getvar", "ShowDialPlan"])
async def test_given_a_link_that_is_lost_when_asked_then_unavailable(action: str) -> None:
    async with asterisk() as (ami, owner):

        def cut(_: object) -> None:
            ami.drop_connections()

        ami.on(action, cut)
        with pytest.raises(AsteriskUnavailable):
            await ask(owner)
