"""Raw AMI: a bare socket that sends the very actions callcue sends, and waits for their events.

The floor for whatever is built on the dialplan of `callcue-player.conf`. Nothing is checked, kept
or told to anybody; a verb is done at the event that repeats its number.
"""

import asyncio
import math
from dataclasses import dataclass, field
from itertools import count
from typing import Self, cast
from uuid import uuid4

from .contestant import ALL_VERBS, Place, Refused

_END = b"\r\n\r\n"
_FACTOR_OF_6_DB = 2

AGAIN_SECONDS = 0.25
"""A Redirect can get lost; a verb that is not confirmed by then is sent again, as callcue does."""
TRIES = 8

FIRST_FRAME_SECONDS = 0.007
"""As in callcue."""


@dataclass(slots=True)
class _Leg:
    playback: str
    number: int = 1
    confirmed: "asyncio.Future[None] | None" = None
    """Of the verb that is on its way."""
    again: asyncio.TimerHandle | None = None
    muted: asyncio.TimerHandle | None = None
    gone: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    out: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Of the half in the room: only without it nobody hears the leg any more."""

    @property
    def player(self) -> str:
        return f"callcue-p-{self.playback}"

    @property
    def join(self) -> str:
        return f"callcue-j-{self.playback}"


class RawAmi(asyncio.Protocol):
    """One AMI connection for all rooms, as callcue has one."""

    name = "raw AMI"
    verbs: tuple[str, ...] = ALL_VERBS

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._awaited: dict[bytes, asyncio.Future[None]] = {}
        self._legs: dict[str, _Leg] = {}
        self._actions = count(1)

    @classmethod
    async def open(cls, host: str, port: int, username: str, secret: str) -> Self:
        """Log in."""
        _, raw = await asyncio.get_running_loop().create_connection(cls, host, port)
        await raw._replied("Login", f"Username: {username}", f"Secret: {secret}")
        return raw

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # ---- verbs ----------------------------------------------------------------------------

    async def play(self, place: Place, clip: str) -> None:
        leg = self._legs[place.number] = _Leg(str(uuid4()))
        playing = self._await(f"{leg.playback} 1")
        joined = self._await(f"join {leg.join}")
        self._awaited[f"gone {leg.player}".encode()] = leg.gone
        self._awaited[f"gone {leg.join}".encode()] = leg.out
        leg.gone.add_done_callback(lambda _: _refuse(leg.confirmed))
        self._send(
            "Action: Originate",
            "Channel: Local/room@callcue-join/n",
            "Context: callcue-player",
            "Exten: start-1",
            "Priority: 2",
            f"ChannelId: {leg.player}",
            f"OtherChannelId: {leg.join}",
            "Async: true",
            f"Variable: CALLCUE_PLAYBACK={leg.playback}",
            f"Variable: CALLCUE_ROOM={place.number}",
            "Variable: CALLCUE_COUNT=1",
            "Variable: CALLCUE_FIRST=1",
            "Variable: CALLCUE_ROUNDS=1",
            "Variable: CALLCUE_GAP=0",
            "Variable: CALLCUE_LEFT=14400000",
            "Variable: CALLCUE_HOLD=3600",
            f"Variable: CALLCUE_CLIP_1={clip}",
        )
        await playing
        await joined

    async def pause(self, place: Place) -> None:
        await self._redirect(place, "cue-pause-{}")

    async def resume(self, place: Place) -> None:
        await self._redirect(place, "cue-resume-{}")

    async def restart(self, place: Place) -> None:
        await self._redirect(place, "cue-restart-{}")

    async def seek(self, place: Place, seconds: float) -> None:
        await self._redirect(place, f"cue-seek-{{}}-1-{round(seconds * 1000)}")

    async def volume(self, place: Place, decibels: int) -> None:
        factor = _FACTOR_OF_6_DB ** (abs(decibels) // 6)
        await self._replied(
            "Setvar",
            f"Channel: {self._legs[place.number].player}",
            "Variable: VOLUME(TX)",
            f"Value: {math.copysign(factor, decibels):.0f}",
        )

    async def stop(self, place: Place) -> None:
        leg = self._legs.pop(place.number)
        self._send("Action: Hangup", f"Channel: {leg.player}")
        await leg.gone
        await leg.out

    async def clear(self, place: Place) -> None:
        """Nothing is left."""

    def lands(self, before: float, target: float) -> float:  # noqa: ARG002 - others need it
        return target

    async def _redirect(self, place: Place, extension: str) -> None:
        leg = self._legs[place.number]
        if leg.muted is not None:
            leg.muted.cancel()
        leg.number += 1
        leg.confirmed = self._await(f"{leg.playback} {leg.number}")
        redirect = (
            "Action: Redirect",
            f"Channel: {leg.player}",
            "Context: callcue-player",
            f"Exten: {extension.format(leg.number)}",
            "Priority: 1",
        )
        self._keep_sending(leg, redirect, TRIES)
        try:
            await leg.confirmed
        finally:
            if leg.again is not None:
                leg.again.cancel()

    def _keep_sending(self, leg: _Leg, redirect: tuple[str, ...], tries: int) -> None:
        if not tries:
            _refuse(leg.confirmed)
            return
        self._send(*redirect)
        later = asyncio.get_running_loop().call_later
        leg.again = later(AGAIN_SECONDS, self._keep_sending, leg, redirect, tries - 1)

    # ---- the socket -----------------------------------------------------------------------

    def _await(self, what: str) -> "asyncio.Future[None]":
        future = self._awaited[what.encode()] = asyncio.get_running_loop().create_future()
        return future

    async def _replied(self, action: str, *lines: str) -> None:
        action_id = f"bench-{next(self._actions)}"
        reply = self._await(action_id)
        self._send(f"Action: {action}", f"ActionID: {action_id}", *lines)
        await reply

    def _send(self, *lines: str) -> None:
        assert self._transport is not None
        self._transport.write("\r\n".join([*lines, "", ""]).encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *messages, self._buffer = (self._buffer + data).split(_END)
        for message in messages:
            self._take(message)

    def _take(self, message: bytes) -> None:
        if message.startswith(b"Event: UserEvent"):
            playback, number = _value(message, b"Playback"), _value(message, b"Number")
            if left := _value(message, b"Left"):
                self._open_soon(playback.decode(), int(left))
            self._done(playback + b" " + number)
        elif message.startswith(b"Event: ConfbridgeJoin"):
            self._done(b"join " + _value(message, b"Uniqueid"))
        elif message.startswith(b"Event: Hangup"):
            self._done(b"gone " + _value(message, b"Uniqueid"))
        elif action_id := _value(message, b"ActionID"):
            self._done(action_id, refused=b"Response: Error" in message)

    def _open_soon(self, playback: str, left: int) -> None:
        """A leg that streams from inside a clip is mute until it is opened; the dialplan says why.

        callcue does the same: without it there are 20 ms of the clip's start at each resume.
        """
        for leg in self._legs.values():
            if leg.playback == playback:
                later = asyncio.get_running_loop().call_later
                leg.muted = later(FIRST_FRAME_SECONDS, self._open, leg.player, left)

    def _open(self, player: str, left: int) -> None:
        for name, value in (("MUTEAUDIO(out)", "off"), ("TIMEOUT(absolute)", f"{left / 1000:.3f}")):
            self._send(
                "Action: Setvar", f"Channel: {player}", f"Variable: {name}", f"Value: {value}"
            )

    def _done(self, what: bytes, *, refused: bool = False) -> None:
        future = self._awaited.pop(what, None)
        if future is None or future.done():
            return
        if refused:
            future.set_exception(Refused(what.decode()))
        else:
            future.set_result(None)


def _refuse(confirmed: "asyncio.Future[None] | None") -> None:
    if confirmed is not None and not confirmed.done():
        confirmed.set_exception(Refused("not confirmed, or the leg has ended"))


def _value(message: bytes, name: bytes) -> bytes:
    at = message.find(b"\r\n" + name + b": ")
    return b"" if at < 0 else message[at + len(name) + 4 :].partition(b"\r\n")[0]
