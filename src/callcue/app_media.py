"""Wires the media together: the audio store, what is fetched, and how each Asterisk gets at it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from aiohttp import web

from callcue.core.ports import MediaLibrary, Server
from callcue.core.refusals import Refusals
from callcue.core.types import Milliseconds
from callcue.media.audio_store import ShelvedSounds
from callcue.media.clip_urls import ClipUrls, kept_key
from callcue.media.clips import Clips, FolderLimits
from callcue.media.decoder import Decoder, DecoderLimits
from callcue.media.delivery import ByFolder, ByUrl, Delivery
from callcue.media.fetch import Fetcher, FetchLimits
from callcue.media.holding import Held
from callcue.media.library import Library
from callcue.media.lookup import Lookup
from callcue.media.pipeline import Pipeline
from callcue.media.shelf import Shelf, ShelfLimits
from callcue.media.sounds import Missing
from callcue.media.threads import in_thread
from callcue.media.watch import MediaWatch
from callcue.outward.addresses import Addresses, Allowed
from callcue.outward.resolver import SystemResolver
from callcue.settings import Settings, SettingsError
from callcue.settings.media import Media
from callcue.settings.tables import Asterisk
from callcue.settings.tls import tls_context

SWEPT_EVERY_SECONDS = 600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MediaParts:
    """What makes clips, and keeps them."""

    store: ShelvedSounds
    shelf: Shelf
    cache: Clips
    pipeline: Pipeline
    held: Held
    resolver: SystemResolver
    urls: ClipUrls | None
    """None where every Asterisk sees our folder."""

    @property
    def folders(self) -> dict[str, Path]:
        """Where clips lie, by the names that their addresses have."""
        return {folder.name: folder for folder in (self.cache.folder, self.shelf.folder)}

    def lookup(self, servers: Sequence[Server]) -> Lookup:
        """What would become of media on any of *servers*, those that there are when it is asked."""
        return Lookup(self.shelf, self.pipeline, lambda: [server.sounds for server in servers])

    def stock(self, delivery: Delivery) -> Callable[[MediaLibrary, Missing], MediaLibrary]:
        """What an Asterisk's own sounds are to be wrapped in."""
        return lambda own, missing: Library(
            own, self.shelf, self.pipeline, delivery, self.held, missing
        )


def media_parts(
    settings: Settings, watch: MediaWatch | None = None, refusals: Refusals | None = None
) -> MediaParts:
    """Of the settings. Nothing is opened yet.

    Raises:
        SettingsError: a file that they name is of no use.

    """
    media = settings.media
    folder = Path(media.folder)
    cache = Clips(
        folder / "cache", FolderLimits(bytes=media.cache, seconds=media.cache_days * 86_400)
    )
    decoder, resolver = make_decoder(media, watch), SystemResolver()
    fetcher = Fetcher(
        Addresses(resolver, _allowed(media)),
        FetchLimits(
            connect_seconds=media.connect_seconds,
            total_seconds=media.fetch_seconds,
            bytes=media.largest,
        ),
        tls=tls_context(media.tls_ca, "media.tls_ca") if media.tls_ca is not None else None,
        watch=watch,
    )
    shelf = _shelf(media)
    return MediaParts(
        store=ShelvedSounds(shelf, decoder, media.largest, refusals),
        shelf=shelf,
        cache=cache,
        pipeline=Pipeline(fetcher, decoder, cache),
        resolver=resolver,
        held=Held(cache),
        urls=_urls(settings, folder),
    )


def audio_store(settings: Settings) -> ShelvedSounds:
    """The operator's clips, also for who runs beside the service."""
    media = settings.media
    return ShelvedSounds(_shelf(media), make_decoder(media), media.largest)


def _shelf(media: Media) -> Shelf:
    return Shelf(Path(media.folder) / "sounds", ShelfLimits(media.sounds, media.sounds_bytes))


def make_decoder(media: Media, watch: MediaWatch | None = None) -> Decoder:
    """Of the settings."""
    limits = DecoderLimits(
        longest=Milliseconds(round(media.longest_seconds * 1000)),
        cpu_seconds=round(media.decode_seconds),
        wall_seconds=round(media.decode_seconds),
        at_once=media.decoders,
    )
    return Decoder(limits, loudness=media.loudness, watch=watch)


def delivery_to(asterisk: Asterisk, settings: Settings, parts: MediaParts) -> Delivery:
    """How that Asterisk gets at our clips.

    Raises:
        SettingsError: it cannot be told the name of the folder.

    """
    if asterisk.media_url is not None:
        if parts.urls is None:
            raise SettingsError(f"asterisk {asterisk.name}: the first media_url needs a restart")
        return ByUrl(parts.urls, asterisk.media_url)
    return by_folder(asterisk, settings)


def by_folder(asterisk: Asterisk, settings: Settings) -> ByFolder:
    """How one gets at them that sees our folder.

    Raises:
        SettingsError: it cannot be told the name of the folder.

    """
    try:
        return ByFolder(asterisk.media_folder or settings.media.folder)
    except ValueError as error:
        raise SettingsError(f"media.folder: {error}") from None


def running(parts: MediaParts) -> Callable[[web.Application], AsyncIterator[None]]:
    """Keep it up as long as the app is. A folder of no use keeps callcue from nothing else."""

    async def context(_: web.Application) -> AsyncIterator[None]:
        try:
            await in_thread(parts.cache.open)
        except OSError as error:
            _log.error("media.folder cannot be used, no URL can be played: %s", error)
        sweeping = asyncio.create_task(_sweep(parts), name="sweep of the audio store")
        yield
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        await parts.pipeline.close()

    return context


async def _sweep(parts: MediaParts) -> None:
    while True:
        await in_thread(partial(parts.shelf.sweep, parts.held.digests()))
        await asyncio.sleep(SWEPT_EVERY_SECONDS)


def _allowed(media: Media) -> Allowed:
    networks = tuple(one for one in media.allow if isinstance(one, IPv4Network | IPv6Network))
    return Allowed(frozenset(one for one in media.allow if isinstance(one, str)), networks)


def _urls(settings: Settings, folder: Path) -> ClipUrls | None:
    if all(asterisk.media_url is None for asterisk in settings.asterisk):
        return None
    try:
        return ClipUrls(kept_key(folder / "urls.key"))
    except OSError as error:
        raise SettingsError(f"media.folder: {folder} is of no use: {error.strerror}") from None
