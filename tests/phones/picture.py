"""What a PBX has of a call, in a form that can be compared with another one of the same call.

Serial numbers, unique ids and times are left out; what is left is the same in every run, so a call
in which callcue has played must give the picture that it gives without callcue.
"""

import re
from dataclasses import dataclass

from real.hand import Hand, Message

OURS = "@callcue-join"
"""In the name of callcue's own legs: they are in every picture, so that none is overlooked."""


@dataclass(frozen=True, order=True)
class Channel:
    """One channel, and with whom it is in a bridge."""

    name: str
    state: str
    context: str
    application: str
    mates: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Bridge:
    """One bridge that phones are in."""

    kind: str
    technology: str
    members: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Record:
    """A record of a call (CDR)."""

    source: str
    destination: str
    context: str
    channel: str
    destination_channel: str
    application: str
    disposition: str


@dataclass(frozen=True, order=True)
class Display:
    """What a phone was told of who is at the other end."""

    channel: str
    number: str
    name: str


@dataclass(frozen=True)
class Picture:
    """All of it, in an order of its own; what one phone was told stays in the order of time."""

    channels: tuple[Channel, ...]
    bridges: tuple[Bridge, ...]
    records: tuple[Record, ...]
    displays: tuple[Display, ...]


async def take(hand: Hand, since: int = 0, records: int = 0) -> Picture:
    """The picture now, with the events of *hand* from index *since* on.

    *records*: how many records of calls to wait for; they come some ms behind the hangup.
    """
    await hand.until(lambda: len(_records(hand, since)) >= records)
    shown = await channels_of_phones(hand)
    bridges = await _listed(hand, "BridgeList", "BridgeListItem", "BridgeListComplete")
    members = {
        bridge["BridgeUniqueid"]: tuple(sorted(plain(c) for c in shown if _is_in(c, bridge)))
        for bridge in bridges
    }
    return Picture(
        channels=tuple(sorted(_channel(c, members) for c in shown)),
        bridges=tuple(
            sorted(
                Bridge(b["BridgeType"], b["BridgeTechnology"], members[b["BridgeUniqueid"]])
                for b in bridges
                if members[b["BridgeUniqueid"]]
            )
        ),
        records=tuple(sorted(_records(hand, since))),
        displays=tuple(sorted(_displays(hand, since), key=lambda display: display.channel)),
    )


def owners(hand: Hand, since: int = 0) -> list[str]:
    """Whose records of calls have come."""
    return [record.source for record in _records(hand, since)]


async def channels_of_phones(hand: Hand) -> list[Message]:
    """The channels of phones, those that share a bridge with them, and callcue's legs."""
    shown = await _listed(hand, "CoreShowChannels", "CoreShowChannel", "CoreShowChannelsComplete")
    theirs = {c["BridgeId"] for c in shown if _is_phone(c["Channel"])} - {""}
    return [
        c
        for c in shown
        if _is_phone(c["Channel"]) or c["BridgeId"] in theirs or OURS in c["Channel"]
    ]


def plain(channel: Message | str) -> str:
    """The name of a channel without its serial number: PJSIP/phone-a, Local/x@y;1."""
    name = channel if isinstance(channel, str) else channel["Channel"]
    return re.sub(r"-[0-9a-f]{8}(;[12])?$", r"\1", name)


async def _listed(hand: Hand, action: str, item: str, end: str) -> list[Message]:
    start = len(hand.events)
    await hand.do(action)
    await hand.until(lambda: any(e.get("Event") == end for e in hand.events[start:]))
    return [event for event in hand.events[start:] if event.get("Event") == item]


def _is_phone(name: str) -> bool:
    return "PJSIP/" in name


def _is_in(channel: Message, bridge: Message) -> bool:
    return channel["BridgeId"] == bridge["BridgeUniqueid"]


def _channel(shown: Message, members: dict[str, tuple[str, ...]]) -> Channel:
    name = plain(shown)
    return Channel(
        name=name,
        state=shown["ChannelStateDesc"],
        context=shown["Context"],
        application=shown["Application"],
        mates=tuple(mate for mate in members.get(shown["BridgeId"], ()) if mate != name),
    )


def _records(hand: Hand, since: int) -> list[Record]:
    return [
        Record(
            source=event["Source"],
            destination=event["Destination"],
            context=event["DestinationContext"],
            channel=plain(event["Channel"]),
            destination_channel=plain(event["DestinationChannel"]),
            application=event["LastApplication"],
            disposition=event["Disposition"],
        )
        for event in hand.events[since:]
        if event.get("Event") == "Cdr" and (_is_phone(event["Channel"]) or OURS in event["Channel"])
    ]


def _displays(hand: Hand, since: int) -> list[Display]:
    return [
        Display(plain(event), event["ConnectedLineNum"], event["ConnectedLineName"])
        for event in hand.events[since:]
        if event.get("Event") == "NewConnectedLine" and _is_phone(event["Channel"])
    ]
