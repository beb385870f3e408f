"""One request to addresses that were judged, and to no others.

Nothing is sent that could be of use to the other side or to those who wrote the URL: no cookies,
no credentials, no proxy of the environment. Redirects are not followed.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import Address, Addresses
from .failures import Cause, NotReached
from .urls import Target

CHUNK_BYTES = 64 * 1024

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "callcue"}


@asynccontextmanager
async def asked(
    method: str,
    target: Target,
    addresses: Addresses,
    *,
    connect_seconds: float,
    headers: Mapping[str, str],
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[ClientResponse]:
    """The answer, whose body has not been read yet; the connection is closed after it.

    *connect_seconds* are for the name and the connection together. *tls* instead of the machine's
    own trust. Raises `NotReached`, and of aiohttp `ClientError`; `in_words` says what that is.
    """
    try:
        async with asyncio.timeout(connect_seconds) as connecting:
            judged = await addresses.of(target)
    except TimeoutError:
        detail = f"{target.host} could not be resolved in time"
        raise NotReached(Cause.TIMED_OUT, detail) from None
    left = (connecting.when() or 0.0) - asyncio.get_running_loop().time()
    connector = TCPConnector(
        resolver=_Pinned(target, judged),
        use_dns_cache=False,
        force_close=True,
        ssl=tls or True,
    )
    async with (
        ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            read_bufsize=CHUNK_BYTES,
            timeout=ClientTimeout(total=None, connect=max(left, 0.001)),
        ) as session,
        session.request(
            method, target.url, allow_redirects=False, headers={**_HEADERS, **headers}, data=body
        ) as response,
    ):
        yield response


def in_words(error: ClientError) -> str:
    """What went wrong, by its kind alone: what the error says may hold the URL."""
    name = type(error).__name__
    if "Certificate" in name or "SSL" in name:
        return "has no certificate that is trusted"
    if isinstance(error, ClientConnectionError):
        return "cannot be reached, or hangs up"
    return "breaks off, or does not speak HTTP"


class _Pinned(AbstractResolver):
    """Knows one name, and of that only the addresses that were judged."""

    def __init__(self, target: Target, addresses: Sequence[Address]) -> None:
        self._target = target
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: int = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if (host, port) != (self._target.host, self._target.port):
            raise OSError("not the name that was judged")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=_FAMILIES[address.version],
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
            if family in (socket.AF_UNSPEC, _FAMILIES[address.version])
        ]

    async def close(self) -> None:
        """Nothing is open."""
