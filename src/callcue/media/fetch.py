"""One GET of what a client has named, out of a network that the client is not to see.

Redirects are followed by hand, and each is judged.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import partial
from io import FileIO

from aiohttp import ClientConnectionError, ClientError, ClientResponse, ServerTimeoutError

from callcue.outward.addresses import Addresses
from callcue.outward.failures import NotReached
from callcue.outward.session import asked, in_words
from callcue.outward.urls import Target, next_hop

from .clips import write_all
from .failures import MediaFailed, Reason
from .threads import in_thread
from .watch import MediaWatch, Unwatched

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one file may take on its way here."""

    connect_seconds: float = 5.0
    """For each hop, its name included."""
    total_seconds: float = 30.0
    bytes: int = 25 * 1024**2
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Validators:
    """By what an origin knows a version again; as it wrote them, empty where it did not."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Those of the question whether there is another version."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of it."""

    changed: bool
    """Whether there is a body; False: the version that was asked about is still the one."""
    validators: Validators
    cache_control: str


class Fetcher:
    """Fetches into files; memory does not grow with them."""

    def __init__(
        self,
        addresses: Addresses,
        limits: FetchLimits | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        watch: MediaWatch | None = None,
    ) -> None:
        """*tls* instead of the machine's own trust."""
        self._watch = watch or Unwatched()
        self._addresses = addresses
        self._limits = limits or FetchLimits()
        self._tls = tls

    async def fetch(self, target: Target, into: FileIO, known: Validators | None = None) -> Fetched:
        """Fetch, unless it is the version *known*. The file then stands at its beginning.

        Raises `MediaFailed`: any reason but `NOT_AUDIO` and `TOO_LONG`.
        """
        try:
            fetched = await self._in_time(target, into, known or Validators())
        except MediaFailed as failed:
            self._watch.fetched(failed.reason.value)
            raise
        self._watch.fetched("fetched" if fetched.changed else "unchanged")
        return fetched

    async def _in_time(self, target: Target, into: FileIO, known: Validators) -> Fetched:
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                return await self._follow(target, into, known)
        except TimeoutError:
            raise _failed(Reason.TIMED_OUT, target, "takes too long") from None

    async def _follow(self, target: Target, into: FileIO, known: Validators) -> Fetched:
        for _ in range(self._limits.redirects + 1):
            onward = await self._hop(target, into, known)
            if isinstance(onward, Fetched):
                return onward
            target = onward
        raise _failed(Reason.ORIGIN_FAILED, target, "redirects too often")

    async def _hop(self, target: Target, into: FileIO, known: Validators) -> Fetched | Target:
        try:
            async with asked(
                "GET",
                target,
                self._addresses,
                connect_seconds=self._limits.connect_seconds,
                headers=known.headers,
                tls=self._tls,
            ) as response:
                if response.status in _REDIRECTS:
                    if "Location" not in response.headers:
                        raise _failed(Reason.ORIGIN_FAILED, target, "redirects to nowhere")
                    return next_hop(target, response.headers["Location"])
                changed = not (response.status == 304 and known.headers)
                if changed:
                    self._judge(target, response)
                    await self._save(target, response, into)
                return _fetched(response, known, changed=changed)
        except NotReached as failed:
            raise MediaFailed.of(failed) from None
        except ServerTimeoutError:
            raise _failed(Reason.TIMED_OUT, target, "does not answer") from None
        except ClientConnectionError as error:
            raise _failed(Reason.UNREACHABLE, target, in_words(error)) from None
        except ClientError as error:
            # A body that broke off, or no HTTP at all. What the error says may hold the URL.
            raise _failed(Reason.ORIGIN_FAILED, target, in_words(error)) from None

    def _judge(self, target: Target, response: ClientResponse) -> None:
        """Whether its head promises a file that we take."""
        if response.status in _GONE:
            raise _failed(Reason.NOT_FOUND, target, f"answers {response.status}")
        if response.status != 200:
            raise _failed(Reason.ORIGIN_FAILED, target, f"answers {response.status}")
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            # We asked for none: so nothing can grow while it is unpacked.
            raise _failed(Reason.ORIGIN_FAILED, target, "compresses what it was asked not to")
        if (response.content_length or 0) > self._limits.bytes:
            raise self._too_large(target)

    async def _save(self, target: Target, response: ClientResponse, into: FileIO) -> None:
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            self._watch.received(len(chunk))
            if size > self._limits.bytes:
                raise self._too_large(target)
            await in_thread(partial(write_all, into, chunk))
        into.seek(0)

    def _too_large(self, target: Target) -> MediaFailed:
        return _failed(Reason.TOO_LARGE, target, f"sends more than {self._limits.bytes} bytes")


def _fetched(response: ClientResponse, known: Validators, *, changed: bool) -> Fetched:
    headers = response.headers
    new = Validators(_kept(headers.get("ETag", "")), _kept(headers.get("Last-Modified", "")))
    cache_control = ",".join(headers.getall("Cache-Control", []))
    return Fetched(changed, new if changed or new.headers else known, cache_control)


def _kept(validator: str) -> str:
    """It, if it can be sent back as it is."""
    return validator if validator.isascii() and validator.isprintable() else ""


def _failed(reason: Reason, target: Target, detail: str) -> MediaFailed:
    return MediaFailed(reason, f"{target.host} {detail}")
