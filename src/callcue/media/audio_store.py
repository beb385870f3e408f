"""Files of sound into the audio store: through the same decoder as everything from outside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from io import FileIO

from callcue.core.errors import AudioStoreBusy, AudioStoreFull, ClipFailed
from callcue.core.ports import StoredSound
from callcue.core.refusals import Bound, Refusals

from .clips import write_all
from .decoder import Decoder
from .failures import MediaFailed, Reason
from .shelf import Shelf, Sound
from .threads import in_thread

AT_ONCE = 8
"""Files that may be on their way. Each has its body, and what is made of it, on the disk."""


class ShelvedSounds:
    """Implements `callcue.core.ports.AudioStore`."""

    def __init__(
        self, shelf: Shelf, decoder: Decoder, largest: int, refusals: Refusals | None = None
    ) -> None:
        """*largest*: bytes of a file."""
        self._shelf = shelf
        self._decoder = decoder
        self._largest = largest
        self._refusals = refusals or Refusals()
        self._coming = 0
        self._last_look = asyncio.Lock()

    def sounds(self) -> Sequence[StoredSound]:
        """See `AudioStore.sounds`."""
        return [_stored(sound) for sound in self._shelf.all()]

    def sound(self, name: str) -> StoredSound | None:
        """See `AudioStore.sound`."""
        sound = self._shelf.get(name)
        return None if sound is None else _stored(sound)

    async def add(self, name: str, audio: AsyncIterator[bytes]) -> StoredSound:
        """See `AudioStore.add`."""
        if self._coming >= AT_ONCE:
            self._refusals.count(Bound.UPLOADS)
            raise AudioStoreBusy(f"{AT_ONCE} files are on their way")
        self._coming += 1
        try:
            return await self._add(name, audio)
        except MediaFailed as failed:
            if failed.reason is Reason.DISK_FULL:
                self._refusals.count(Bound.SOUNDS)
                raise AudioStoreFull(failed.detail) from None
            raise ClipFailed(0, name, failed.in_words()) from None
        finally:
            self._coming -= 1

    async def _add(self, name: str, audio: AsyncIterator[bytes]) -> StoredSound:
        room = partial(self._shelf.check_room, name)
        await in_thread(room)  # before anything is read that would be of no use
        with self._shelf.part() as part:
            with self._shelf.part() as body:
                await self._save(audio, body.file)
                body.file.seek(0)
                peak = await self._decoder.decode(body.file, part.file)
            digest = await in_thread(part.seal)
            async with self._last_look:  # two at once would both find the last place
                await in_thread(room)
                return _stored(self._shelf.put(name, part, digest, peak))

    async def remove(self, name: str) -> bool:
        """See `AudioStore.remove`."""
        try:
            return await in_thread(partial(self._shelf.remove, name))
        except OSError as error:
            raise AudioStoreFull(str(error)) from None

    async def _save(self, audio: AsyncIterator[bytes], into: FileIO) -> None:
        size = 0
        async for chunk in audio:
            size += len(chunk)
            if size > self._largest:
                raise MediaFailed(Reason.TOO_LARGE, f"over {self._largest} bytes")
            await in_thread(partial(write_all, into, chunk))


def _stored(sound: Sound) -> StoredSound:
    clip = sound.clip
    return StoredSound(sound.name, clip.digest, clip.length, clip.peak, sound.bytes, sound.added)
