"""An asynchronous client of callcue's JSON API.

    async with Callcue("http://127.0.0.1:8080", key, workspace) as callcue:
        async for call in callcue.calls(channel):
            playback = await callcue.call(channel, call.id).play("sound:offer", wait=True)

What callcue refuses is raised as `Refused`, with its code; that it cannot be reached, as aiohttp's
own `ClientError`. Nothing is sent twice by itself: a PLAY whose answer was lost may be heard
already. With a *key* of your own it can be sent again until there is an answer, and is done once.
Only `events` come back by themselves.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from aiohttp import ClientResponse, ClientSession, ClientTimeout, StreamReader
from pydantic import BaseModel

from callcue.api.bird.answers import (
    Call,
    CallCommandResponse,
    CallInFull,
    CallPage,
    MediaChecked,
    MediaLookedAt,
    OneOutcome,
    Outcomes,
    Playback,
    PrefetchAccepted,
    SoundPage,
    StoredSound,
)
from callcue.client_events import Event, Gap, NoStream, Waits, told
from callcue.events.signing import WrongSignature, verify
from callcue.events.streams import BEAT_SECONDS

__all__ = [
    "Call",
    "CallInFull",
    "Callcue",
    "Event",
    "Gap",
    "OneCall",
    "OneOutcome",
    "Playback",
    "Refused",
    "StoredSound",
    "WrongSignature",
    "verify",
]

SECONDS = 60.0
"""For a request and its answer: longer than callcue waits for anything."""

Model = TypeVar("Model", bound=BaseModel)


class Refused(Exception):
    """callcue did not do it, and says why."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Sequence[str]],
        retry_after: int | None,
    ) -> None:
        """*code* is one of callcue's closed list; *details* name what is wrong, by JSON path.

        *retry_after*: seconds, where trying again is safe and may help.
        """
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.details = details
        self.retry_after = retry_after


class Callcue:
    """One workspace of one callcue, as an access key sees it."""

    def __init__(
        self,
        url: str,
        access_key: str,
        workspace: UUID | str,
        *,
        session: ClientSession | None = None,
    ) -> None:
        """*url*: where callcue is, without a path. A *session* that is given is not closed."""
        self._url = url.rstrip("/")
        self._workspace = f"{self._url}/workspaces/{workspace}"
        self._headers = {"Authorization": f"AccessKey {access_key}"}
        self._session = session
        self._is_ours = session is None
        self._waits = Waits()

    async def __aenter__(self) -> Self:
        self._session = self._session or ClientSession(timeout=ClientTimeout(SECONDS))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._waits.end()
        if self._is_ours and self._session is not None:
            await self._session.close()

    # ---- calls ------------------------------------------------------------------------------

    async def calls(self, channel: UUID | str) -> AsyncIterator[Call]:
        """The live calls of that channel, as each page is asked for."""
        url, token = f"{self._workspace}/channels/{channel}/calls", ""
        while True:
            page = await self.ask(CallPage, "GET", url, query={"pageToken": token})
            for call in page.results:
                yield call
            if page.nextPageToken is None:
                return
            token = page.nextPageToken

    def call(self, channel: UUID | str, call: UUID | str) -> "OneCall":
        """That call, to be played into. Nothing is asked yet."""
        return OneCall(self, f"{self._workspace}/channels/{channel}/calls/{call}")

    async def playback(self, playback: UUID | str) -> Playback:
        """A playback of this workspace, also after it has ended."""
        return await self.ask(Playback, "GET", f"{self._workspace}/playbacks/{playback}")

    def events(
        self, last: int | None = None, *, beat: float = BEAT_SECONDS
    ) -> AsyncGenerator[Event | Gap]:
        """What happens to all playbacks of the workspace, in order and each once, without an end.

        From after the event *last*, or else from now on. A connection that is lost, or silent for
        more than two *beat*s, is made anew, and nothing is missed; `Gap` says where something is
        kept no more. It ends with `aclose`, or with this client.

        Raises:
            Refused: it may not be listened to. That callcue is away or busy is no reason.

        """
        return self.stream(f"{self._workspace}/events", last, beat)

    # ---- many calls -------------------------------------------------------------------------

    async def play_many(
        self,
        *media: str,
        calls: Sequence[UUID | str] = (),
        tag: str = "",
        loop: int = 0,
        timeout: int = 0,  # noqa: ASYNC109 - of the playback, in the words of the API
        pause_milliseconds: int = 0,
        if_playing: str = "queue",
        audience: str = "everyone",
        key: str = "",
    ) -> list[OneOutcome]:
        """Play a list into many calls, by their ids or by a tag; what became of it in each.

        *timeout* in seconds. Asked again with the same *key* it is played once.
        """
        body = {
            "media": media,
            "loop": loop,
            "timeout": timeout,
            "pauseMilliseconds": pause_milliseconds,
            **({"calls": [str(call) for call in calls]} if calls else {}),
            **({"tag": tag} if tag else {}),
        }
        query = {"ifPlaying": if_playing, "audience": audience}
        url = f"{self._workspace}/playbacks"
        return (await self.ask(Outcomes, "POST", url, query=query, json=body, key=key)).results

    async def stop_all(self, *, keep_queue: bool = False) -> list[OneOutcome]:
        """Stop in all calls of the workspace; what became of it in each that had something."""
        query = {"queue": "keep" if keep_queue else ""}
        url = f"{self._workspace}/playback/stop"
        return (await self.ask(Outcomes, "POST", url, query=query)).results

    # ---- media ------------------------------------------------------------------------------

    async def prefetch(self, *media: str) -> None:
        """Have URLs fetched that will be played soon."""
        body = {"media": media}
        await self.ask(PrefetchAccepted, "POST", f"{self._workspace}/media/prefetch", json=body)

    async def check(self, *media: str) -> list[MediaLookedAt]:
        """What would become of each of them."""
        url = f"{self._workspace}/media/check"
        return (await self.ask(MediaChecked, "POST", url, json={"media": media})).results

    async def sounds(self) -> AsyncIterator[StoredSound]:
        """The clips of the audio store, by their names."""
        token = ""
        while True:
            url, query = f"{self._url}/sounds", {"pageToken": token}
            page = await self.ask(SoundPage, "GET", url, query=query)
            for sound in page.results:
                yield sound
            if page.nextPageToken is None:
                return
            token = page.nextPageToken

    async def put_sound(self, name: str, file: bytes | AsyncIterator[bytes]) -> StoredSound:
        """Add a clip, from a file of sound in any usual format, or give its name another one."""
        return await self.ask(StoredSound, "PUT", f"{self._url}/sounds/{name}", data=file)

    async def remove_sound(self, name: str) -> None:
        """Remove a clip."""
        await self._asked("DELETE", f"{self._url}/sounds/{name}")

    # ---- requests ---------------------------------------------------------------------------

    async def ask(self, answer: type[Model], method: str, url: str, **more: Any) -> Model:
        """What callcue answers. Raises `Refused`."""
        # A newer callcue may say more.
        return answer.model_validate(await self._asked(method, url, **more), extra="ignore")

    def stream(self, url: str, last: int | None, beat: float) -> AsyncGenerator[Event | Gap]:
        """The events that are told at *url*; see `events`."""
        return told(partial(self._listening, url), last, self._waits, 2 * beat)

    @asynccontextmanager
    async def _listening(self, url: str, last: int | None) -> AsyncIterator[StreamReader]:
        session = self._opened()
        place = {} if last is None else {"Last-Event-ID": str(last)}
        async with self._waits.within(SECONDS):
            response = await session.get(
                url, headers=self._headers | place, timeout=ClientTimeout(total=None)
            )
        async with response:
            if response.status == 429 or response.status >= 500:
                raise NoStream(float(_retry_after(response) or 0))
            if not response.ok or response.content_type != "text/event-stream":
                async with self._waits.within(SECONDS):
                    raise await _refusal(response)
            yield response.content

    def _opened(self) -> ClientSession:
        if self._session is None:
            raise RuntimeError("use it as `async with Callcue(...)`")
        return self._session

    async def _asked(
        self,
        method: str,
        url: str,
        query: Mapping[str, str] | None = None,
        key: str = "",
        **body: Any,
    ) -> Any:
        session = self._opened()
        params = {name: value for name, value in (query or {}).items() if value}
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        async with session.request(method, url, params=params, headers=headers, **body) as response:
            if response.status == 204:
                return None
            if response.ok and response.content_type == "application/json":
                return await response.json()
            raise await _refusal(response)


async def _refusal(response: ClientResponse) -> Refused:
    if response.content_type != "application/json":
        return Refused(response.status, "unknown", await response.text(), {}, None)
    found = await response.json()
    return Refused(
        response.status,
        found.get("code", "unknown"),
        found.get("message", ""),
        found.get("details", {}),
        _retry_after(response),
    )


def _retry_after(response: ClientResponse) -> int | None:
    after = response.headers.get("Retry-After", "")
    return int(after) if after.isdecimal() else None


class OneCall:
    """One live call. All verbs return the playback as it is once Asterisk has confirmed it."""

    def __init__(self, callcue: Callcue, url: str) -> None:
        self._callcue = callcue
        self._url = url

    async def show(self) -> CallInFull:
        """Where it is, and how it would be played to."""
        return await self._callcue.ask(CallInFull, "GET", self._url)

    async def play(
        self,
        *media: str,
        loop: int = 0,
        timeout: int = 0,  # noqa: ASYNC109 - of the playback, in the words of the API
        pause_milliseconds: int = 0,
        if_playing: str = "queue",
        audience: str = "everyone",
        wait: bool = False,
        key: str = "",
    ) -> UUID:
        """Play a list, of `sound:NAME` and URLs; returns the playback's id.

        *timeout* in seconds. With *wait* it is heard when this returns, or `Refused` says why not.
        Asked again with the same *key* (a UUID, say) it is played once, and has the same id.
        """
        body = {
            "media": media,
            "loop": loop,
            "timeout": timeout,
            "pauseMilliseconds": pause_milliseconds,
        }
        query = {
            "ifPlaying": if_playing,
            "audience": audience,
            "wait": "started" if wait else "",
        }
        url = f"{self._url}/playback"
        answer = await self._callcue.ask(
            CallCommandResponse, "POST", url, query=query, json=body, key=key
        )
        return answer.id

    async def playback(self) -> Playback:
        """What plays in it, or has played last."""
        return await self._callcue.ask(Playback, "GET", f"{self._url}/playback")

    def events(
        self, last: int | None = None, *, beat: float = BEAT_SECONDS
    ) -> AsyncGenerator[Event | Gap]:
        """What happens to the playbacks that this call hears; see `Callcue.events`."""
        return self._callcue.stream(f"{self._url}/events", last, beat)

    async def pause(self) -> Playback:
        """Stand still."""
        return await self._control("pause")

    async def resume(self) -> Playback:
        """Go on from the very position."""
        return await self._control("resume")

    async def restart(self) -> Playback:
        """Play from the start of the list."""
        return await self._control("restart")

    async def seek(self, milliseconds: int, item: int | None = None) -> Playback:
        """Jump, within the current item or to another; items count from 1."""
        return await self._control("seek", positionMilliseconds=milliseconds, item=item)

    async def volume(self, decibels: float) -> Playback:
        """Set the loudness, as near as can be: `volume` of the answer says what was set."""
        return await self._control("volume", decibels=decibels)

    async def stop(self, *, keep_queue: bool = False) -> Playback:
        """Stop; with *keep_queue* the next that waits begins."""
        query = {"queue": "keep" if keep_queue else ""}
        url = f"{self._url}/playback/stop"
        return await self._callcue.ask(Playback, "POST", url, query=query)

    async def _control(self, verb: str, **body: Any) -> Playback:
        json = {name: value for name, value in body.items() if value is not None}
        more = {"json": json} if json else {}
        return await self._callcue.ask(Playback, "POST", f"{self._url}/playback/{verb}", **more)
