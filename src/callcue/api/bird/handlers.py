"""The handlers: each checks what was sent, makes one call, and answers."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from callcue.core.commands import Command, Pause, Restart, Resume, Seek, Stop, Volume
from callcue.core.ports import Call
from callcue.core.types import CallId, Milliseconds

from . import views
from .body import json_object
from .calls import LiveCalls
from .entrance import Visit, path_id
from .many import ManyCalls
from .models import (
    Keep,
    NoQuery,
    PageQuery,
    PlayBody,
    PlayManyBody,
    PlayManyQuery,
    PlayQuery,
    SeekBody,
    StopQuery,
    VolumeBody,
    Wait,
)
from .playbacks import Playbacks, is_heard
from .workspaces import Channel

VisitHandler = Callable[[Visit, web.Request], Awaitable[web.Response]]


class BirdApi:
    """All routes of this dialect.

    A call is looked up again once the body is here: a client may take its time to send it, and
    where the call was before, others may be by now.
    """

    def __init__(self, calls: LiveCalls, playbacks: Playbacks, many: ManyCalls) -> None:
        self._calls = calls
        self._playbacks = playbacks
        self._many = many

    async def list_calls(self, visit: Visit, request: web.Request) -> web.Response:
        """GET .../calls"""
        channel = self._channel(visit, request)
        page, token = self._calls.page(channel, PageQuery.of_request(request))
        results = [views.call(call, channel.id) for call in page]
        return web.json_response({"results": results, "nextPageToken": token})

    async def show_call(self, visit: Visit, request: web.Request) -> web.Response:
        """GET .../calls/{callId}"""
        NoQuery.of_request(request)
        channel, call = self._channel(visit, request), self._call(visit, request)
        return web.json_response(await self._calls.shown(channel, call))

    async def play(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback: 202 once it is accepted, or heard; its fate is told by the GET."""
        call_id = CallId(path_id(request, "callId", "live call"))
        # First of all: by now the call itself may have ended.
        playback = await self._playbacks.accepted_before(visit, call_id)
        if playback is None:
            self._call(visit, request)
        query = PlayQuery.of_request(request)
        if playback is None:
            body = PlayBody.of(await json_object(request))
            call = self._call(visit, request)
            playback = await self._playbacks.play(visit, call, body, query)
        heard = query.wait is Wait.STARTED and await is_heard(playback, query.waitSeconds)
        answer = views.command_response(playback, call_id, heard=heard)
        return web.json_response(answer, status=202)

    async def play_many(self, visit: Visit, request: web.Request) -> web.Response:
        """POST /workspaces/{w}/playbacks: 200, and an answer for each call."""
        query = PlayManyQuery.of_request(request)
        body = PlayManyBody.of(await json_object(request))
        return web.json_response(await self._many.play(visit, body, query))

    async def stop_all(self, visit: Visit, request: web.Request) -> web.Response:
        """POST /workspaces/{w}/playback/stop: 200, and an answer for each call."""
        query = StopQuery.of_request(request)
        stop = Stop(keep_queue=query.queue is Keep.KEEP)
        return web.json_response(await self._many.stop(visit, stop))

    async def show(self, visit: Visit, request: web.Request) -> web.Response:
        """GET .../playback"""
        NoQuery.of_request(request)
        return web.json_response(self._playbacks.of_call(visit, self._call(visit, request)))

    async def show_playback(self, visit: Visit, request: web.Request) -> web.Response:
        """GET /workspaces/{w}/playbacks/{id}"""
        NoQuery.of_request(request)
        playback_id = path_id(request, "playbackId", "playback")
        return web.json_response(await self._playbacks.by_id(visit, playback_id))

    async def stop(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback/stop, DELETE .../playback"""
        call = self._call(visit, request)
        query = StopQuery.of_request(request)
        return await self._control(visit, call, Stop(keep_queue=query.queue is Keep.KEEP))

    async def pause(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback/pause"""
        return await self._plain(visit, request, Pause())

    async def resume(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback/resume"""
        return await self._plain(visit, request, Resume())

    async def restart(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback/restart"""
        return await self._plain(visit, request, Restart())

    async def seek(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback/seek"""
        self._call(visit, request)
        NoQuery.of_request(request)
        body = SeekBody.of(await json_object(request))
        call = self._call(visit, request)
        to = Milliseconds(body.positionMilliseconds)
        return await self._control(visit, call, Seek(to, body.item))

    async def volume(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../playback/volume: `volume` of the answer says what was set."""
        self._call(visit, request)
        NoQuery.of_request(request)
        body = VolumeBody.of(await json_object(request))
        call = self._call(visit, request)
        return await self._control(visit, call, Volume(body.decibels))

    async def _plain(self, visit: Visit, request: web.Request, command: Command) -> web.Response:
        call = self._call(visit, request)
        NoQuery.of_request(request)
        return await self._control(visit, call, command)

    async def _control(self, visit: Visit, call: Call, command: Command) -> web.Response:
        return web.json_response(await self._playbacks.control(visit, call, command))

    def _channel(self, visit: Visit, request: web.Request) -> Channel:
        return self._calls.channel(visit, path_id(request, "channelId", "channel"))

    def _call(self, visit: Visit, request: web.Request) -> Call:
        channel = self._channel(visit, request)
        return self._calls.call(channel, CallId(path_id(request, "callId", "live call")))
