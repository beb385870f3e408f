"""From a URL to a clip that Asterisk can play: once for all who ask, and remembered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from callcue.outward.failures import NotReached
from callcue.outward.urls import Target, read_url

from .clips import Clip, Clips
from .decoder import Decoder
from .failures import MediaFailed, Reason
from .fetch import Fetched, Fetcher
from .freshness import FreshnessLimits, fresh_seconds
from .remembered import MOST, Remembered, RememberedUrls
from .threads import in_thread

_PASSING = frozenset({Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.ORIGIN_FAILED, Reason.DISK_FULL})
"""Failures that say nothing of the clip: the one that we have is played on."""


@dataclass(frozen=True, slots=True)
class PipelineLimits:
    """How long what is known of a URL is good for."""

    fresh: FreshnessLimits = field(default_factory=FreshnessLimits)
    stale_seconds: float = 86_400.0
    """Since the origin last confirmed a clip. Until then it is played at once, and asked about
    meanwhile; after that the origin is asked first."""
    failed_seconds: float = 5.0
    timed_out_seconds: float = 1.0
    urls: int = MOST
    at_once: int = 16
    """Clips that are fetched and decoded; the others wait for their turn. Each may have its body on
    the disk."""


class Pipeline:
    """Gives clips for URLs. An asynchronous context manager; closes nothing that it was given."""

    def __init__(
        self,
        fetcher: Fetcher,
        decoder: Decoder,
        clips: Clips,
        limits: PipelineLimits | None = None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._decoder = decoder
        self._clips = clips
        self._limits = limits or PipelineLimits()
        self._clock = clock
        self._urls = RememberedUrls(self._limits.urls)
        self._asking: dict[str, asyncio.Task[Clip]] = {}
        self._places = asyncio.Semaphore(self._limits.at_once)
        self._closed = False

    async def __aenter__(self) -> "Pipeline":
        await in_thread(self._clips.open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every fetch and every decoder; who waits gets `CancelledError`."""
        self._closed = True
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def clip(self, url: str) -> Clip:
        """The clip of *url*: at once where it is known, else as soon as it is fetched.

        It may be evicted while nobody holds it: hold it before waiting for anything else. Raises
        `MediaFailed`, and again without asking the origin for some seconds.
        """
        try:
            target = read_url(url)
        except NotReached as failed:
            raise MediaFailed.of(failed) from None
        key = str(target.url)
        known = self._urls.get(key)
        now = self._clock()
        if known is not None:
            if isinstance(known.found, MediaFailed):
                if now < known.until:
                    # A new one: an exception that is raised twice grows by each way it went.
                    raise MediaFailed(known.found.reason, known.found.detail)
            elif now < known.checked + self._limits.stale_seconds:
                clip = self._clips.get(known.found)
                if clip is not None:
                    if now >= known.until:
                        self._ask(key, target)
                    return clip
        self._ask(key, target)
        # Who gives up waiting does not take the clip from the others.
        return await asyncio.shield(self._asking[key])

    def _ask(self, key: str, target: Target) -> None:
        """One question on its way for each URL."""
        if self._closed:
            raise asyncio.CancelledError
        if key not in self._asking:
            task = self._asking[key] = asyncio.create_task(self._asked(key, target))
            task.add_done_callback(lambda task: self._done(key, task))

    def _done(self, key: str, task: asyncio.Task[Clip]) -> None:
        del self._asking[key]
        self._clips.evict()  # some may have grown old
        if not task.cancelled():
            task.exception()  # who waited has it; who went away shall not be told of it later

    async def _asked(self, key: str, target: Target) -> Clip:
        known = self._urls.get(key)
        at_hand = None
        if known is not None and isinstance(known.found, str):
            at_hand = self._clips.get(known.found)
        if at_hand is not None:
            self._clips.hold(at_hand.digest)  # it may turn out to be the clip still
        try:
            async with self._places:
                clip, fetched = await self._prepared(target, at_hand, known)
        except MediaFailed as failed:
            self._remember_failure(key, failed, known if at_hand is not None else None)
            raise
        finally:
            if at_hand is not None:
                self._clips.release(at_hand.digest)
        now = self._clock()
        until = now + fresh_seconds(fetched.cache_control, self._limits.fresh)
        self._urls.put(key, Remembered(clip.digest, now, until, fetched.validators))
        return clip

    async def _prepared(
        self, target: Target, at_hand: Clip | None, known: Remembered | None
    ) -> tuple[Clip, Fetched]:
        validators = known.validators if known is not None and at_hand is not None else None
        with self._clips.body() as body:
            fetched = await self._fetcher.fetch(target, body, validators)
            if not fetched.changed:
                assert at_hand is not None  # else nothing was asked by which it could say so
                return at_hand, fetched
            with self._clips.part() as part:
                peak = await self._decoder.decode(body, part.file)
                digest = await in_thread(part.seal)
                return self._clips.admit(part, digest, peak), fetched

    def _remember_failure(self, key: str, failed: MediaFailed, known: Remembered | None) -> None:
        now = self._clock()
        timed_out = failed.reason is Reason.TIMED_OUT
        until = now + (self._limits.timed_out_seconds if timed_out else self._limits.failed_seconds)
        still_good = known is not None and now < known.checked + self._limits.stale_seconds
        if known is not None and still_good and failed.reason in _PASSING:
            self._urls.put(key, replace(known, until=until))
        else:
            self._urls.put(key, Remembered(MediaFailed(failed.reason, failed.detail), now, until))
