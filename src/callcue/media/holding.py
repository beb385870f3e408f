"""Which clips somebody hears or is about to: those are not cleared away."""

from callcue.core.types import SoundName

from .clips import Clip, Clips


class Held:
    """Counts, by the name that an Asterisk was given. Shared by all of them."""

    def __init__(self, cache: Clips) -> None:
        """*cache*: where clips may be evicted; what is not in there is only counted."""
        self._cache = cache
        self._clips: dict[SoundName, tuple[Clip, int, bool]] = {}

    def hold(self, name: SoundName, clip: Clip) -> None:
        """One more needs it."""
        known = self._clips.get(name)
        if known is not None:
            self._clips[name] = known[0], known[1] + 1, known[2]
            return
        cached = clip.path.parent == self._cache.folder
        if cached:
            self._cache.hold(clip.digest)
        self._clips[name] = clip, 1, cached

    def cached(self, digest: str) -> Clip | None:
        """The clip of that checksum, if it is one that may be evicted."""
        return self._cache.get(digest)

    def release(self, name: SoundName) -> None:
        """One less. A name that is nobody's is Asterisk's own."""
        known = self._clips.get(name)
        if known is None:
            return
        clip, count, cached = known
        if count > 1:
            self._clips[name] = clip, count - 1, cached
            return
        del self._clips[name]
        if cached:
            self._cache.release(clip.digest)

    def digests(self) -> set[str]:
        """Of all that are held."""
        return {clip.digest for clip, _, _ in self._clips.values()}
