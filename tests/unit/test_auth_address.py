"""The client's address: X-Forwarded-For counts behind trusted proxies alone."""

from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from callcue.api.address import ClientAddress

TRUSTED = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("9.9.9.9", None, "9.9.9.9"),
        ("9.9.9.9", "1.1.1.1", "9.9.9.9"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("127.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("127.0.0.1", "6.6.6.6, 1.1.1.1, 10.1.2.3", "1.1.1.1"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1, nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:1:2:3:4", None, "2001:db8::/64"),
        ("::ffff:9.9.9.9", None, "9.9.9.9"),
        (None, None, "unknown"),
    ],
)
def test_given_a_peer_and_a_header_then_the_address_is(
    remote: str | None, forwarded: str | None, address: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request: Any = make_mocked_request("GET", "/", headers=headers).clone(remote=remote or "")
    assert ClientAddress(TRUSTED).of(request) == address
