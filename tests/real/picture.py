"""What there is in an Asterisk at one moment, to be compared with another."""

import asyncio

from .hand import Hand, Message

PLACE = ("Channel", "ChannelStateDesc", "Context", "Exten", "Priority", "Application", "BridgeID")
BRIDGE = ("BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeNumChannels")

Picture = dict[str, tuple[str, ...]]


async def picture(hand: Hand) -> Picture:
    """Every channel with its place in the dialplan, and every bridge."""
    channels = await hand.items("Status")
    bridges = await hand.items("BridgeList")
    return {
        **{channel["Uniqueid"]: _fields(channel, PLACE) for channel in channels},
        **{bridge["BridgeUniqueid"]: _fields(bridge, BRIDGE) for bridge in bridges},
    }


async def until_as(hand: Hand, before: Picture, within: float = 2.0) -> None:
    """Wait until all is as it was *before*, or fail and show the difference."""
    now = before
    try:
        async with asyncio.timeout(within):
            while (now := await picture(hand)) != before:
                await asyncio.sleep(0.02)
    except TimeoutError:
        assert now == before


async def until_back(hand: Hand, uniqueid: object, place: tuple[str, ...]) -> None:
    """Wait until that channel is where it was; fail if it does not get there, or has ended."""
    async with asyncio.timeout(2):
        while (await picture(hand))[str(uniqueid)] != place:
            await asyncio.sleep(0.02)


def _fields(item: Message, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item.get(name, "") for name in names)
