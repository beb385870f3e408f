"""A URL, read once and strictly: what is checked is what is connected to, to the letter."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from yarl import URL

from .failures import Cause, NotReached

LONGEST_URL = 8192
"""Characters. Signed URLs of object stores have 2,000."""

PORTS = {"http": 80, "https": 443}

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_IN_BRACKETS = re.compile(r"\[[0-9a-fA-F:.]+\](?::[0-9]*)?")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes. Host in lower case; an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    """As it was written, percent signs and all; with the query string, without the fragment."""

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The host, where it is an address and no name."""
        if ":" in self.host:
            return IPv6Address(self.host)
        return IPv4Address(self.host) if _ends_in_number(self.host) else None

    @property
    def url(self) -> URL:
        """For the client, which is not to rewrite it: a signature may lie over every byte."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return URL(f"{self.scheme}://{host}{port}{self.path}", encoded=True)


def read_url(text: str) -> Target:
    """The target that *text* names. Raises `NotReached`: `INVALID_URL`."""
    if len(text) > LONGEST_URL:
        raise _invalid("it is too long")
    if _FORBIDDEN.search(text):
        raise _invalid("a character in it has no place in a URL")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _invalid("its host or port cannot be read") from None
    if parts.scheme not in PORTS:
        raise _invalid("it is neither http: nor https:")
    if "@" in parts.netloc:
        raise _invalid("it carries a user or a password")
    path = quote(parts.path or "/", safe=_ASCII)
    query = "?" + quote(parts.query, safe=_ASCII) if parts.query else ""
    port = PORTS[parts.scheme] if port is None else port
    return Target(parts.scheme, _host(parts), port, path + query)


def next_hop(target: Target, location: str) -> Target:
    """Where a redirect leads. Raises `NotReached`: `INVALID_URL`, or from https to http."""
    if _FORBIDDEN.search(location):
        raise _invalid("the origin redirects to what is no URL")
    try:
        onward = read_url(urljoin(str(target.url), location))
    except ValueError:
        raise _invalid("the origin redirects to what is no URL") from None
    if (target.scheme, onward.scheme) == ("https", "http"):
        raise NotReached(Cause.REFUSED_ADDRESS, "the origin redirects from https: to http:")
    return onward


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            # Strictly, so that no zone of this machine (`%eth0`) gets through.
            if _IN_BRACKETS.fullmatch(parts.netloc):
                return str(IPv6Address(host))
        except AddressValueError:
            pass
        raise _invalid("its host is no IPv6 address")
    if not host.isascii():
        raise _invalid("its host is to be written in ASCII (xn--)")
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise _invalid("its host is no name")
    if _ends_in_number(host):
        # Resolvers take 0x7f.1, 017700000001 and 2130706433 for 127.0.0.1; we take none of them.
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise _invalid("its host is no IPv4 address of four decimal numbers") from None
    return host


def _ends_in_number(host: str) -> bool:
    return _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def _invalid(detail: str) -> NotReached:
    return NotReached(Cause.INVALID_URL, detail)
