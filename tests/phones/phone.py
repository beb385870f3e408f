"""A phone, and a call that it is in. What it does, it does by SIP; see conf/extensions.conf."""

from dataclasses import dataclass
from uuid import uuid4

from real.hand import Hand, Message
from real.pbx import Pbx

from .farm import CODECS, WIDEBAND
from .handset import SOON, Handset
from .narrow import NarrowHandset
from .wide import WideHandset


class Phone:
    """One phone. It registers, calls, answers, and can be in several calls, as with line keys."""

    def __init__(self, name: str, farm: Hand, pbx: Pbx) -> None:
        self.name = name
        self.calls: list[Call] = []
        self._farm = farm
        self._pbx = pbx

    async def register(self) -> None:
        """Register anew; done when the PBX has accepted it."""
        start = len(self._farm.events)
        await self._press("PJSIPRegister", Registration=self.name)
        await self._farm.until(lambda: self._is_registered(start), SOON)

    async def call(self, extension: str) -> "Call":
        """Dial; returns while it rings or not even that. See `Call.talks`."""
        call = await self._new_call(f"{self.name}-{uuid4()}")
        await self._press(
            "Originate",
            {"HANDSET": call.handset.address},
            Channel=f"PJSIP/{extension}@{self.name}",
            Context="phone",
            Exten="talks",
            Priority="1",
            Async="true",
            ChannelId=call.id,
        )
        return call

    async def answer(self) -> "Call":
        """Wait until it rings, and pick up."""
        await self._farm.until(lambda: self._ringing() is not None, SOON)
        ringing = self._ringing()
        assert ringing is not None
        call = await self._new_call(ringing["Uniqueid"])
        await self._press("Setvar", Channel=call.id, Variable="HANDSET", Value=call.handset.address)
        await call.goes_to("talks")
        await call.talks()
        return call

    async def rings(self) -> None:
        """Wait until it rings."""
        await self._farm.until(lambda: self._ringing() is not None, SOON)

    async def hang_up(self) -> None:
        """End all its calls, those too that only ring."""
        ringing = self._ringing()
        if ringing is not None:
            await self._new_call(ringing["Uniqueid"])
        for call in self.calls:
            await call.hang_up()
            await call.handset.close()

    def address(self, extension: str) -> str:
        """The address of an extension of the PBX."""
        return f"sip:{extension}@127.0.0.1:{self._pbx.sip_port}"

    async def _new_call(self, channel: str) -> "Call":
        kind = WideHandset if CODECS[self.name] == WIDEBAND else NarrowHandset
        handset: Handset = kind(uuid4(), "", "", lambda: None)
        await handset.open()
        call = Call(channel, self, self._farm, handset)
        self.calls.append(call)
        return call

    def _ringing(self) -> Message | None:
        known = {call.id for call in self.calls}
        for event in self._farm.events:
            if event.get("UserEvent") == "Rings" and event["Uniqueid"] not in known:
                name = event["Channel"].removeprefix("PJSIP/").rpartition("-")[0]
                if name == self.name and not has_ended(self._farm, event["Uniqueid"]):
                    return event
        return None

    def _is_registered(self, start: int) -> bool:
        return any(
            event.get("Event") == "Registry"
            and event["Username"].startswith(f"sip:{self.name}@")
            and event["Status"] == "Registered"
            for event in self._farm.events[start:]
        )

    async def _press(self, action: str, variables: Message | None = None, **headers: str) -> None:
        reply = await self._farm.do(action, variables, **headers)
        assert reply["Response"] == "Success", reply


@dataclass
class Call:
    """A call as one of its two ends has it."""

    id: str
    """Unique id of its channel in the phones' Asterisk."""
    phone: Phone
    farm: Hand
    handset: Handset

    async def talks(self) -> None:
        """Wait until it is answered, and ear and mouth are open."""
        await self.handset.lift(self.farm)

    async def hold(self) -> None:
        """Tell the far end to wait: a re-INVITE with `sendonly`."""
        self.handset.lay_down()
        await self.goes_to("holds")

    async def unhold(self) -> None:
        """Talk again: a re-INVITE with `sendrecv`."""
        await self.goes_to("talks")
        await self.talks()

    async def blind_transfer(self, extension: str) -> None:
        """Send the far end to an extension: a REFER.

        This call is over when the PBX has reported success, which it does when somebody there
        answers; see `ended`.
        """
        await self._refer(self.phone.address(extension))

    async def attended_transfer(self, consultation: "Call") -> None:
        """Join the far ends of both calls: a REFER with Replaces. Both are over with it."""
        call_id = await consultation.sip("call-id")
        ours, theirs = await consultation.sip("local_tag"), await consultation.sip("remote_tag")
        replaces = f"{call_id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{ours}"
        await self._refer(f"{self.phone.address('replaced')}?Replaces={replaces}")
        await self.ended()
        await consultation.ended()

    async def hang_up(self) -> None:
        """End it, if it has not ended."""
        if not has_ended(self.farm, self.id):
            await self.farm.do("Hangup", Channel=self.id)
            await self.ended()

    async def ended(self) -> None:
        """Wait until it has ended."""
        await self.farm.until(lambda: has_ended(self.farm, self.id), SOON)

    async def sip(self, item: str) -> str:
        """Something of its SIP dialog, as CHANNEL(pjsip,…) names it."""
        return await self._get(f"CHANNEL(pjsip,{item})")

    async def rtp(self, item: str) -> str:
        """Something of its RTP stream, as CHANNEL(rtp,…) names it: `src`, `dest`, …."""
        return await self._get(f"CHANNEL(rtp,{item})")

    async def farm_channel(self, item: str) -> str:
        """Something of its channel at the phone's side, as CHANNEL(…) names it."""
        return await self._get(f"CHANNEL({item})")

    async def goes_to(self, state: str) -> None:
        """Go to another part of the phone's dialplan."""
        reply = await self.farm.do(
            "Redirect", Channel=self.id, Context="phone", Exten=state, Priority="1"
        )
        assert reply["Response"] == "Success", reply

    async def _refer(self, address: str) -> None:
        await self.farm.do("Setvar", Channel=self.id, Variable="REFER_TO", Value=f"<{address}>")
        await self.goes_to("transfers")

    async def _get(self, expression: str) -> str:
        reply = await self.farm.do("Getvar", Channel=self.id, Variable=expression)
        assert reply["Response"] == "Success", reply
        return reply["Value"]


def has_ended(farm: Hand, channel: str) -> bool:
    """Whether that channel of the phones' Asterisk is gone."""
    return any(
        event.get("Event") == "Hangup" and event["Uniqueid"] == channel for event in farm.events
    )
