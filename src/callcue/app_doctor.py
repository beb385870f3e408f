"""Wires `callcue doctor` together: the settings, a clip to look for, and the examination."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from callcue.app import asterisk_address
from callcue.app_media import by_folder, delivery_to, media_parts
from callcue.asterisk.address import ServerAddress
from callcue.asterisk.doctor.examination import examine
from callcue.asterisk.doctor.finding import Finding, mend, not_checked
from callcue.asterisk.doctor.media import Sample
from callcue.core.types import Milliseconds
from callcue.demo import base_url
from callcue.media.clips import Clip
from callcue.settings import Settings, SettingsError
from callcue.settings.tables import Asterisk

SAMPLE_BYTES = 320
"""Twenty milliseconds. Nobody hears them: the probe opens a sound past its end."""
PATIENCE = ClientTimeout(total=3)


async def examine_all(
    settings: Settings, chosen: Sequence[Asterisk]
) -> dict[str, tuple[Finding, ...]]:
    """The findings of each of *chosen*, by its name; they are looked at side by side."""
    with _sample_clip(Path(settings.media.folder)) as clip:
        serving = await _serves(settings) if any(a.media_url for a in chosen) else False
        found = await asyncio.gather(*(_examine(settings, a, clip, serving) for a in chosen))
    return {asterisk.name: one for asterisk, one in zip(chosen, found, strict=True)}


async def _examine(
    settings: Settings, asterisk: Asterisk, clip: "Clip | str", serving: bool
) -> tuple[Finding, ...]:
    try:
        address = asterisk_address(settings, asterisk)
        sample = _sample(settings, asterisk, clip, serving)
    except SettingsError as error:
        return (mend("settings", str(error), "correct the settings file"),)
    where = ServerAddress(address.host, address.port, address.username, address.secret, address.tls)
    return tuple(await examine(where, sample))


def _sample(settings: Settings, asterisk: Asterisk, clip: "Clip | str", serving: bool) -> Sample:
    if isinstance(clip, str):
        todo = "give the user that callcue runs as the right to write there ([media] folder)"
        return Sample("", finding=mend("media", clip, todo))
    if asterisk.media_url is None:
        todo = (
            "let Asterisk's user read [media] folder, and say in media_folder of this [[asterisk]]"
            " what Asterisk calls it; or use media_url"
        )
        return Sample(by_folder(asterisk, settings).name(clip), todo)
    if not serving:
        why = "callcue is not running, and Asterisk would fetch the clip from it (media_url)"
        return Sample("", finding=not_checked("media", why))
    todo = (
        "media_url must lead from this Asterisk to callcue; and in modules.conf:"
        " load=res_http_media_cache.so, load=res_curl.so"
    )
    return Sample(delivery_to(asterisk, settings, media_parts(settings)).name(clip), todo)


async def _serves(settings: Settings) -> bool:
    """Whether a callcue of these settings runs."""
    url = f"{base_url(settings.http.host, settings.http.port)}/health/live"
    try:
        async with ClientSession(timeout=PATIENCE) as http, http.get(url) as response:
            return response.status == 200
    except (ClientError, OSError, TimeoutError):
        return False


@contextmanager
def _sample_clip(folder: Path) -> Iterator["Clip | str"]:
    """A clip where fetched ones lie; what had to be made for it goes again. Else why not."""
    samples = secrets.token_bytes(SAMPLE_BYTES)
    digest = hashlib.sha256(samples).hexdigest()
    file = folder / "cache" / f"{digest}.sln"
    made = [parent for parent in (file.parent, *file.parent.parents) if not parent.exists()]
    try:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(samples)
        except OSError as error:
            yield f"callcue cannot write to {folder}: {error.strerror}"
        else:
            yield Clip(digest=digest, path=file, length=Milliseconds(20), peak=0.0)
    finally:
        file.unlink(missing_ok=True)
        for parent in made:
            with suppress(OSError):  # somebody else has put something there meanwhile
                parent.rmdir()
