"""Where a channel that is alone stands in its dialplan, and whether it can be taken from there.

It is taken by a Redirect, which breaks off what it does, and goes back by a Goto, which begins
that anew. So what it does must be something that can be begun anew.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from callcue.asterisk.errors import ActionRefused, LinkError
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import BESIDE
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere

RESUMABLE = ("Wait", "WaitExten", "MusicOnHold", "BackGround")
"""Applications that only wait, and can be begun anew."""

_UP = "6"
_NAME = re.compile(r"[A-Za-z0-9_.+*#-]{1,80}")
_PRIORITY = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class ReturnPoint:
    """A place in the dialplan, in names that can be handed over as they are."""

    context: str
    exten: str
    priority: str

    def __str__(self) -> str:
        """As `callcue-beside` takes it apart."""
        return f"{self.context}/{self.exten}/{self.priority}"


async def return_point(link: Link, uniqueid: str, resumable: Collection[str]) -> ReturnPoint | None:
    """Where that channel goes back to; None if it listens to us now and knows that by itself.

    *resumable*: the applications it may be taken from.

    Raises:
        CannotPlayHere: it cannot be taken from where it is.
        AsteriskUnavailable: nobody is there to ask.

    """
    try:
        statuses = await link.collect("Status", {"Channel": uniqueid})
        point = _point(statuses[0] if statuses else None, resumable)
        if point is not None:
            await _check_own_dialplan(link, uniqueid)
            await _check_stands_there(link, point, statuses[0].get("Application"))
    except ActionRefused:
        raise CannotPlayHere("the call has ended") from None
    except LinkError as error:
        raise AsteriskUnavailable(str(error)) from error
    return point


async def listens(link: Link, uniqueid: str) -> bool:
    """Whether that channel is where one listens to us.

    Raises:
        AsteriskUnavailable: nobody is there to ask.

    """
    try:
        statuses = await link.collect("Status", {"Channel": uniqueid})
    except ActionRefused:
        return False
    except LinkError as error:
        raise AsteriskUnavailable(str(error)) from error
    return any(status.get("Context") == BESIDE for status in statuses)


async def check_still_there(link: Link, uniqueid: str, point: ReturnPoint) -> None:
    """Ask once more, directly before it is taken.

    Raises:
        CannotPlayHere: it has gone on, or was taken elsewhere.
        LinkError: it has ended, or nobody is there to ask.

    """
    for status in await link.collect("Status", {"Channel": uniqueid}):
        here = (status.get("Context"), status.get("Exten"), status.get("Priority"))
        if here == (point.context, point.exten, point.priority) and not status.get("BridgeID"):
            return
    raise CannotPlayHere("the call has just moved on")


def _point(status: AmiEvent | None, resumable: Collection[str]) -> ReturnPoint | None:
    if status is None:
        raise CannotPlayHere("the call has ended")
    if status.get("ChannelState") != _UP:
        raise CannotPlayHere("the call has not been answered")
    if status.get("BridgeID"):
        raise CannotPlayHere("the call is just being connected")
    context, exten, priority = (status.get(name) for name in ("Context", "Exten", "Priority"))
    if context == BESIDE:
        return None
    application = status.get("Application")
    if application.lower() not in (name.lower() for name in resumable):
        raise CannotPlayHere(f"the call is in {application or 'nothing'}, which cannot be resumed")
    names = _NAME.fullmatch(context) and _NAME.fullmatch(exten)
    if not names or not _PRIORITY.fullmatch(priority) or context.startswith("macro-"):
        raise CannotPlayHere("the call could not go back to where it is in the dialplan")
    return ReturnPoint(context, exten, priority)


async def _check_own_dialplan(link: Link, uniqueid: str) -> None:
    """Refuse a channel that another one's application runs: a Redirect would tear it away.

    `Dial(…,U(…))` has the called channel run a subroutine, and `Originate` an application, without
    a dialplan of its own. Asterisk has no word for it, but only who has one has such a timeout.
    """
    reply = await link.send("Getvar", {"Channel": uniqueid, "Variable": "TIMEOUT(response)"})
    if not reply.get("Value"):
        raise CannotPlayHere("the call has no dialplan of its own")


async def _check_stands_there(link: Link, point: ReturnPoint, application: str) -> None:
    """Refuse a channel whose application was not begun by the dialplan, but by an AGI script.

    Back there the script would be run anew, and not what it had come to.
    """
    place = {"Context": point.context, "Extension": point.exten}
    try:
        steps = await link.collect("ShowDialPlan", place)
    except ActionRefused:
        steps = []
    there = [step.get("Application") for step in steps if step.get("Priority") == point.priority]
    if not there:
        raise CannotPlayHere("the place of the call in the dialplan does not exist any more")
    if application.lower() not in (name.lower() for name in there):
        raise CannotPlayHere(f"the call is in {there[0]}, which cannot be resumed")
