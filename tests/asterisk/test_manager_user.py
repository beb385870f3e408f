"""The AMI user of `callcue-manager.conf`: it is sent the events that it names, and no others."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from ears.ear import EarServer
from real.hand import ALL, Hand, Message, open_hand
from real.pbx import Pbx
from real.room import Room

CONF = Path(__file__).parents[2] / "asterisk-conf"
NAMED = {
    "callcue-manager.conf": r"^eventfilter\(action\(include\),name\((\w+)\)\)=$",
    "callcue-manager.conf.16": r"^eventfilter=\^Event: (\w+)\[\[:cntrl:\]\]$",
}
VARIABLES = {
    "callcue-manager.conf": (
        r"^eventfilter\(action\(include\),name\(VarSet\),header\(Variable\)"
        r",method\(ends_with\)\)=(\w+)$"
    ),
    "callcue-manager.conf.16": (
        r"^eventfilter=\^Event: VarSet\[\[:cntrl:\]\]\.\*\[\[:cntrl:\]\]Variable: _\*(\w+)"
        r"\[\[:cntrl:\]\]$"
    ),
}
NEVER_SEEN = {"Rename", "Hold", "Unhold"}
"""Rename is sent by chan_misdn alone (read in the source). Only phones hold: see test_call_life."""

START, END = "FilterStart", "FilterEnd"


def listed(patterns: dict[str, str], form: str) -> list[str]:
    return re.findall(patterns[form], (CONF / form).read_text(), re.M)


EVENTS = listed(NAMED, "callcue-manager.conf")
WANTED_VARIABLES = listed(VARIABLES, "callcue-manager.conf")


def test_given_the_two_forms_of_the_file_then_both_name_the_same_events_and_rights() -> None:
    modern, old = NAMED

    for patterns in (NAMED, VARIABLES):
        assert listed(patterns, modern) == listed(patterns, old) != []
    assert rights(modern) == rights(old)
    for form in NAMED:  # every filter is one that the patterns above know
        filters = re.findall(r"^eventfilter", (CONF / form).read_text(), re.M)
        assert len(filters) == len(listed(NAMED, form)) + len(listed(VARIABLES, form))


def rights(form: str) -> list[str]:
    """What the file says beside its filters and its comments."""
    lines = (line.partition(";")[0].strip() for line in (CONF / form).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("eventfilter")]


@pytest_asyncio.fixture
async def hand(pbx: Pbx) -> AsyncIterator[Hand]:
    """The tests' own hand, here with all that happens."""
    async with open_hand(pbx, events=ALL) as everything:
        yield everything


@pytest_asyncio.fixture
async def callcue(pbx: Pbx) -> AsyncIterator[Hand]:
    """A bare connection as callcue's own user."""
    async with open_hand(pbx, "callcue", ALL) as connection:
        yield connection


def wanted(event: Message) -> bool:
    if event["Event"] == "VarSet":
        return event["Variable"].lstrip("_") in WANTED_VARIABLES
    return event["Event"] in EVENTS


def between_the_marks(hand: Hand) -> list[Message]:
    marks = [n for n, event in enumerate(hand.events) if event.get("UserEvent") in (START, END)]
    return hand.events[marks[0] : marks[1] + 1]


def happened(hand: Hand, name: str, **details: str) -> bool:
    return any(
        event.get("Event") == name and details.items() <= event.items() for event in hand.events
    )


async def everything_happens(hand: Hand, room: Room) -> None:
    """A call in which each of the events wanted occurs, and many that are not."""
    party = await room.party(agent=True, inherited="__")
    for name, value in {
        "CALLCUE_CALL_ID": "some-call",
        "CALLCUE_AGENT_": "not ours",
        "CAMPAIGN": "Variable: CALLCUE_AGENT",
        "CALLER": "x\\nVariable: CALLCUE_AGENT\\n",
    }.items():
        await hand.do("Setvar", Channel=str(party.id), Variable=name, Value=value)
    await hand.do(
        "Originate",
        Channel="Local/listen@callcue-test-parties/n",
        Application="ChanSpy",
        Data=f"{party.id},quE",
        Async="true",
        ChannelId="filter-spy",
    )
    await hand.until(lambda: happened(hand, "ChanSpyStart"))
    await room.close()
    await hand.until(lambda: happened(hand, "ConfbridgeEnd", Conference=room.number))
    await hand.until(lambda: happened(hand, "Hangup", Uniqueid="filter-spy"))


async def test_given_a_call_when_everything_happens_then_callcue_is_sent_what_it_wants_only(
    hand: Hand, ears: EarServer, callcue: Hand
) -> None:
    await hand.do("UserEvent", UserEvent=START)
    await everything_happens(hand, Room("8600097", hand, ears, agent="agent-97"))
    await hand.do("UserEvent", UserEvent=END)
    for connection in (hand, callcue):
        await connection.until(lambda c=connection: happened(c, "UserEvent", UserEvent=END))  # type: ignore[misc]

    all_events = between_the_marks(hand)
    assert between_the_marks(callcue) == [event for event in all_events if wanted(event)]
    # What is compared above has something of each kind in it.
    names = {event["Event"] for event in all_events}
    unwanted = {"Newexten", "Newstate", "HangupRequest", "SoftHangupRequest"}
    assert names >= {*EVENTS, *unwanted} - NEVER_SEEN
    variables = {event["Variable"] for event in all_events if event["Event"] == "VarSet"}
    assert {"__CALLCUE_AGENT", "CALLCUE_CALL_ID", "CALLCUE_AGENT_", "CAMPAIGN"} <= variables
