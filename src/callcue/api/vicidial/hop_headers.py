"""Headers on their way through: what belongs to one connection does not go along."""

from aiohttp import hdrs, web
from multidict import CIMultiDict, MultiMapping

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_THIS_HOP = frozenset({"host", "x-forwarded-for"})


def to_upstream(request: web.Request) -> CIMultiDict[str]:
    """The headers of a request that is passed on."""
    headers = without_hop_by_hop(request.headers)
    for name in _OF_THIS_HOP:
        headers.popall(name, None)
    hops = [*request.headers.getall(hdrs.X_FORWARDED_FOR, []), request.remote or "unknown"]
    headers[hdrs.X_FORWARDED_FOR] = ", ".join(map(sendable, hops))
    return headers


def without_hop_by_hop(headers: MultiMapping[str]) -> CIMultiDict[str]:
    """All but those of one connection, in their order."""
    named = ",".join(headers.getall(hdrs.CONNECTION, [])).lower().split(",")
    dropped = _HOP_BY_HOP.union(name.strip() for name in named)
    kept: CIMultiDict[str] = CIMultiDict()
    spelt: dict[str, str] = {}
    for name, value in headers.items():
        if name.lower() not in dropped:
            # aiohttp's client loses one of two names that differ in case alone.
            kept.add(spelt.setdefault(name.lower(), name), sendable(value))
    return kept


def sendable(text: str) -> str:
    """aiohttp sends UTF-8; bytes that are none cannot go through it as they are."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
