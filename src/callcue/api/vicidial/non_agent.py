"""`non_agent_api.php`: its function `sounds_list`, for who picks a sound from a list."""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from aiohttp import web

from callcue.api.address import ClientAddress
from callcue.api.rates import Paces, TooOften
from callcue.api.users import ApiUser, UsersOutOfReach
from callcue.core.ports import ListedSound, SoundList

from . import replies, wire
from .elsewhere import UNCLEAR, OtherPaths, leads_to_api
from .exchange import UpstreamFailed
from .login import Refused, Users
from .parameters import Parameters
from .record import Asked, NoRecord, Record
from .request import Received, receive

_log = logging.getLogger(__name__)

FUNCTION = "sounds_list"
LOWEST_LEVEL = 7
"""Below, VICIdial takes nobody for a user of this API."""

LINE = "{number}\t{file}\t{date}.\t{size}\t{modified}"
LINK = '<a href="{base}/{path}">{file}</a><br>'
"""VICIdial's own lines of the formats `tab` and `link`. The dot behind the date is its too."""


class SoundsList:
    """Lists an operator's folder of sounds as VICIdial lists its audio store."""

    def __init__(self, sounds: SoundList | None, base_url: str = "") -> None:
        """*base_url*: where a browser finds the files, for the format `link`."""
        self._sounds = sounds
        self._base = base_url.rstrip("/")

    @property
    def has_folder(self) -> bool:
        """Whether there is anything to be listed."""
        return self._sounds is not None

    async def answer(self, asked: Parameters, user: ApiUser) -> str:
        """The list; nothing in a format or an order that VICIdial has none for."""
        if not user.may(FUNCTION):
            return wire.NO_NON_AGENT_PERMISSION.format(user=asked.user, function=FUNCTION)
        if self._sounds is None:
            return wire.NO_SOUND_CONTROL.format(user=asked.user)
        found = await self._sounds.sounds()
        if found is None:
            return wire.NO_SOUND_FOLDER.format(user=asked.user, function=FUNCTION)
        return "\n".join(self._lines(in_order(found, asked.stage), asked.format.lower()))

    def _lines(self, sounds: Sequence[ListedSound], wanted: str) -> list[str]:
        lines = []
        for number, sound in enumerate(sounds):
            if "tab" in wanted:
                lines.append(_tab(number, sound))
            if "link" in wanted:
                path, file = quote(sound.file), escape(sound.file)
                lines.append(LINK.format(base=self._base, path=path, file=file))
        return lines


def in_order(sounds: Sequence[ListedSound], stage: str) -> Sequence[ListedSound]:
    """The newest, or the largest, first; or by name. In no order that VICIdial has: none."""
    stage = stage.lower()
    by_name = sorted(sounds, key=lambda sound: sound.file)
    if "size" in stage:
        return sorted(by_name, key=lambda sound: sound.size, reverse=True)
    if "name" in stage:
        return by_name
    if "date" in stage:
        return sorted(by_name, key=lambda sound: sound.modified, reverse=True)
    return []


def _tab(number: int, sound: ListedSound) -> str:
    modified = datetime.fromtimestamp(sound.modified, UTC).astimezone()
    return LINE.format(
        number=number,
        file=sound.file,
        date=modified.strftime("%Y-%m-%d %H:%M:%S"),
        size=sound.size,
        modified=sound.modified,
    )


class NonAgentApi:
    """What a program finds where VICIdial's non_agent_api.php was. HTTP 200 on every answer."""

    def __init__(
        self,
        sounds: SoundsList,
        users: Users,
        paces: Paces,
        address: ClientAddress,
        *,
        record: Record | None = None,
        others: OtherPaths | None = None,
    ) -> None:
        """*paces*: how often each user may ask.

        *others* answers other functions, and `sounds_list` where there is no folder.
        """
        self._sounds = sounds
        self._users = users
        self._paces = paces
        self._address = address
        self._record = record or NoRecord()
        self._others = others

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        came, began = datetime.now(UTC), time.perf_counter()
        address, asked = self._address.of(request), Parameters()
        try:
            received = await self._receive(request)
            asked = received.asked
            if self._others is None or self._is_ours(asked.function):
                text = await self._answer(asked, address)
            elif not received.clear:
                text = replies.not_upstream(wire.NOT_PASSED_ON, asked, UNCLEAR)
            elif leads_to_api(request):
                return await self._others.handle(request)
            else:
                answer = await self._others.pass_on(request)
                seconds = time.perf_counter() - began
                record = Asked(came, asked, address)
                self._record.wrote(record.passed_on(answer.status, answer.readable, seconds))
                return answer
        except UpstreamFailed as failed:
            text = replies.not_upstream(wire.UPSTREAM_UNAVAILABLE, asked, str(failed))
        except web.HTTPException:
            raise
        except Exception:
            _log.exception("non_agent_api.php failed")
            text = wire.NON_AGENT_FAULT.format(user=asked.user, function=asked.function)
        seconds = time.perf_counter() - began
        self._record.wrote(Asked(came, asked, address).answered(text, seconds))
        return web.Response(
            text=f"{text}\n" if text else "",
            content_type="text/html",
            charset="utf-8",
            headers=wire.HEADERS,
        )

    async def _receive(self, request: web.Request) -> Received:
        if self._others is None:
            return await receive(request)
        return await receive(request, self._is_ours, self._others.largest_form)

    def _is_ours(self, function: str) -> bool:
        return function == FUNCTION and self._sounds.has_folder

    async def _answer(self, asked: Parameters, address: str) -> str:
        try:
            user = await self._users.log_in(asked, address)
        except Refused as refused:
            return _refusal(asked.user, refused.word)
        except UsersOutOfReach:
            return _refusal(asked.user, wire.ERRSERVERS)
        if user.level < LOWEST_LEVEL:
            return _refusal(asked.user, wire.BAD)
        if asked.function != FUNCTION:
            return wire.NO_FUNCTION
        try:
            self._paces.let_in(user.name, user.name)
        except TooOften:
            return wire.NON_AGENT_TOO_OFTEN.format(user=asked.user, function=FUNCTION)
        return await self._sounds.answer(asked, user)


def _refusal(user: str, word: str) -> str:
    line = wire.TOO_MANY_LOGINS if word == wire.LOCK else wire.LOGIN_INCORRECT
    return line.format(user=user, word=word)
