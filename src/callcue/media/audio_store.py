"""Files of sound into the audio store: through the same decoder as everything from outside."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from io import FileIO

from callcue.core.errors import AudioStoreFull, ClipFailed
from callcue.core.ports import StoredSound

from .clips import disk_failed
from .decoder import Decoder
from .failures import MediaFailed, Reason
from .shelf import Shelf, Sound
from .threads import in_thread


class ShelvedSounds:
    """Implements `callcue.core.ports.AudioStore`."""

    def __init__(self, shelf: Shelf, decoder: Decoder, largest: int) -> None:
        """*largest*: bytes of a file."""
        self._shelf = shelf
        self._decoder = decoder
        self._largest = largest

    def sounds(self) -> Sequence[StoredSound]:
        """See `AudioStore.sounds`."""
        return [_stored(sound) for sound in self._shelf.all()]

    def sound(self, name: str) -> StoredSound | None:
        """See `AudioStore.sound`."""
        sound = self._shelf.get(name)
        return None if sound is None else _stored(sound)

    async def add(self, name: str, audio: AsyncIterator[bytes]) -> StoredSound:
        """See `AudioStore.add`."""
        try:
            with self._shelf.part() as body, self._shelf.part() as part:
                await self._save(audio, body.file)
                body.file.seek(0)
                peak = await self._decoder.decode(body.file, part.file)
                digest = await in_thread(part.seal)
                return _stored(self._shelf.put(name, part, digest, peak))
        except MediaFailed as failed:
            if failed.reason is Reason.DISK_FULL:
                raise AudioStoreFull(failed.detail) from None
            raise ClipFailed(0, name, failed.in_words()) from None

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
            try:
                await in_thread(partial(_write, into, chunk))
            except OSError as error:
                raise disk_failed(error) from error


def _write(into: FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[into.write(rest) :]


def _stored(sound: Sound) -> StoredSound:
    clip = sound.clip
    return StoredSound(sound.name, clip.digest, clip.length, clip.peak, sound.bytes, sound.added)
