"""However a URL is spelled, it leads to nowhere that the operator has not opened."""

import ipaddress
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcue.outward.addresses import Addresses, Allowed, is_public
from callcue.outward.failures import Cause, NotReached
from callcue.outward.resolver import SystemResolver
from callcue.outward.urls import Target, next_hop, read_url

SECRET = "s3cret"

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001:800::200e"]

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


class Names:
    """A name server that says what it is told to, and remembers what it was asked."""

    def __init__(self, **names: Sequence[str]) -> None:
        self._names = {name.replace("_", "."): list(found) for name, found in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._names:
            raise OSError("no such name")
        return self._names[host]


async def refusal(addresses: Addresses, url: str) -> NotReached:
    with pytest.raises(NotReached) as caught:
        await addresses.of(read_url(url))
    assert SECRET not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("text", PUBLIC)
def test_given_an_address_of_the_internet_then_it_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_given_nat64_then_it_is_as_public_as_what_is_inside() -> None:
    assert is_public(ip_address("64:ff9b::808:808"))


@pytest.mark.parametrize("text", FORBIDDEN)
async def test_given_an_address_of_somebodys_inside_then_it_is_refused(text: str) -> None:
    assert not is_public(ip_address(text))
    named = Addresses(Names(evil_example=[text]))
    assert (await refusal(named, "http://evil.example/")).cause is Cause.REFUSED_ADDRESS
    host = f"[{text}]" if ":" in text else text
    literal = await refusal(Addresses(Names()), f"https://{host}/a.wav?{SECRET}")
    assert literal.cause is (Cause.INVALID_URL if "%" in text else Cause.REFUSED_ADDRESS)


@given(st.ip_addresses())
@example(ip_address("2001:1::1"))
def test_given_any_address_then_what_python_holds_private_is_never_public(
    address: IPv4Address | IPv6Address,
) -> None:
    inner = IPv4Address(int(address) & 0xFFFFFFFF)
    judged = inner if address in ip_network("64:ff9b::/96") else address
    kinds = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
    inside = not judged.is_global or any(getattr(judged, f"is_{kind}") for kind in kinds)
    assert not (inside and is_public(address))


INSIDE = st.one_of(
    st.sampled_from(
        [ipaddress.IPv4Address(text) for text in FORBIDDEN if ":" not in text],
    ),
    st.ip_addresses(network="127.0.0.0/8"),
    st.ip_addresses(network="10.0.0.0/8"),
    st.ip_addresses(network="169.254.0.0/16"),
)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """An address of the inside, in any of the ways that some resolver takes for it."""
    number = int(draw(INSIDE))
    shape = draw(st.sampled_from(["dotted", "short", "mapped", "nat64", "6to4", "compatible"]))
    quad = str(IPv4Address(number))
    if shape in ("mapped", "nat64", "compatible"):
        prefix = {"mapped": "::ffff:", "nat64": "64:ff9b::", "compatible": "::"}[shape]
        return f"[{prefix}{draw(st.sampled_from([quad, f'{number >> 16:x}:{number & 65535:x}']))}]"
    if shape == "6to4":
        return f"[2002:{number >> 16:x}:{number & 65535:x}::1]"
    parts = [number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255]
    if shape == "short":
        keep = draw(st.integers(0, 2))
        rest = number & (1 << (8 * (4 - keep))) - 1
        parts = [*parts[:keep], rest]
    bases: list[Callable[[int], str]] = [
        str,
        lambda part: f"0x{part:x}",
        lambda part: f"0X{part:X}",
        lambda part: f"0{part:o}",
        lambda part: f"00{part}",
    ]
    host = ".".join(draw(st.sampled_from(bases))(part) for part in parts)
    host += draw(st.sampled_from(["", "", ".", "%00", "%2e"]))
    if draw(st.booleans()):
        wide = {ord("."): "\u3002", **{ord("0") + n: chr(0xFF10 + n) for n in range(10)}}
        host = host.translate(wide)
    return host


@given(
    spellings(),
    st.sampled_from(["http", "https", "HTTP", "hTTps"]),
    st.sampled_from(["", ":80", ":443", ":", ":0", ":8080", ":080"]),
    st.sampled_from(["", "/", "/a.wav", "?x", "#x", "\\@8.8.8.8", "/..//"]),
    st.sampled_from(["", "", "", "8.8.8.8@", f"u:{SECRET}@", "8.8.8.8\\@", "8.8.8.8#@"]),
)
async def test_given_any_spelling_of_a_forbidden_address_then_nothing_is_connected_to(
    host: str, scheme: str, port: str, path: str, before: str
) -> None:
    names = Names()
    try:
        target = read_url(f"{scheme}://{before}{host}{port}{path}")
        found = await Addresses(names).of(target)
    except NotReached as failed:
        refused = failed
    else:
        # What stands before a `#` is the host, and all that is connected to.
        assert "#" in before
        assert found == (IPv4Address("8.8.8.8"),)
        assert target.url.host == "8.8.8.8"
        return
    assert refused.cause in (Cause.INVALID_URL, Cause.REFUSED_ADDRESS)
    assert SECRET not in str(refused)
    assert names.asked == []


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://", "http://[", "//"]))
async def test_given_any_text_then_it_is_a_target_or_refused(text: str, before: str) -> None:
    try:
        target = read_url(before + text)
    except NotReached as failed:
        refused = failed
    else:
        assert (target.url.scheme, target.url.host) == (target.scheme, target.host)
        assert target.url.port == target.port
        assert target.url.raw_path_qs == target.path
        assert target.url.user is None
        assert read_url(str(target.url)) == target
        return
    assert refused.cause is Cause.INVALID_URL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.wav",
        "/a.wav",
        "//media.example/a.wav",
        "ftp://media.example/a.wav",
        "file:///etc/passwd",
        "data:audio/wav;base64,UklGRg==",
        "gopher://media.example:70/",
        "http:",
        "http://",
        "http:///a.wav",
        "http:media.example/a.wav",
        "http://media.example:99999/",
        "http://media.example:-1/",
        "http://media.example:8o/",
        f"http://user:{SECRET}@media.example/",
        f"http://{SECRET}@media.example/",
        "http://@media.example/",
        "http://media.example\\@127.0.0.1/",
        "http://media.example/a b.wav",
        "http://media.example/a\r\nHost: x",
        "http://media.example/\ud800",
        " http://media.example/",
        "http://media.example./",
        "http://-media.example/",
        "http://media..example/",
        "http://m%65dia.example/",
        "http://m\u00e9dia.example/",
        "http://media\u3002example/",
        "http://[::1%25eth0]/",
        "http://[::1]evil/",
        "http://evil[::1]/",
        "http://[v1.x]/",
        "http://[::1",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.1.0x1/",
        "http://1.2.3.4.5/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/",
        "http://media.example/" + "a" * 9000,
    ],
)
def test_given_what_is_no_url_of_ours_then_it_is_invalid(url: str) -> None:
    with pytest.raises(NotReached) as caught:
        read_url(url)
    assert caught.value.cause is Cause.INVALID_URL
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://Media.Example", Target("http", "media.example", 80, "/")),
        ("HTTPS://media.example:/a", Target("https", "media.example", 443, "/a")),
        ("http://media.example:80?x=1", Target("http", "media.example", 80, "/?x=1")),
        (
            "https://media.example/a%2Fb/../c+d.wav?X-Sig=a%2Bb/c==&e#f",
            Target("https", "media.example", 443, "/a%2Fb/../c+d.wav?X-Sig=a%2Bb/c==&e"),
        ),
        ("http://media.example/\u00e9", Target("http", "media.example", 80, "/%C3%A9")),
        ("http://[2606:4700::1111]/", Target("http", "2606:4700::1111", 80, "/")),
        ("http://8.8.8.8/", Target("http", "8.8.8.8", 80, "/")),
        ("http://s3_x.b1/", Target("http", "s3_x.b1", 80, "/")),
    ],
)
def test_given_a_url_then_it_is_asked_for_as_it_was_written(url: str, target: Target) -> None:
    assert read_url(url) == target
    assert target.url.raw_path_qs == target.path


async def test_given_one_good_and_one_bad_address_then_the_name_is_refused() -> None:
    for found in (["8.8.8.8", "127.0.0.1"], ["::1", "2606:4700::1111"]):
        refused = await refusal(Addresses(Names(a_example=found)), "http://a.example/")
        assert refused.cause is Cause.REFUSED_ADDRESS


async def test_given_a_good_name_then_it_is_asked_for_once_and_all_of_it_is_given() -> None:
    names = Names(a_example=PUBLIC)
    found = await Addresses(names).of(read_url("http://a.example/"))
    assert [str(address) for address in found] == PUBLIC
    assert names.asked == ["a.example"]


async def test_given_a_name_without_address_then_it_is_unreachable() -> None:
    for names in (Names(), Names(a_example=[])):
        refused = await refusal(Addresses(names), f"http://a.example/?{SECRET}")
        assert refused.cause is Cause.UNREACHABLE


@pytest.mark.parametrize("port", [0, 22, 25, 6379, 8080, 65535])
async def test_given_another_port_then_it_is_refused_before_a_name_is_asked_for(port: int) -> None:
    names = Names(a_example=PUBLIC)
    refused = await refusal(Addresses(names), f"http://a.example:{port}/")
    assert refused.cause is Cause.REFUSED_ADDRESS
    assert names.asked == []


async def test_given_an_allowed_host_then_it_may_lead_inside_and_others_may_not() -> None:
    names = Names(media_lan=["10.0.0.5"], other_lan=["10.0.0.5"])
    addresses = Addresses(names, Allowed(hosts=frozenset({"media.lan", "other.lan:8080"})))
    assert await addresses.of(read_url("http://media.lan/")) == (IPv4Address("10.0.0.5"),)
    assert await addresses.of(read_url("http://other.lan:8080/")) == (IPv4Address("10.0.0.5"),)
    for url in ("http://media.lan:8080/", "http://other.lan/", "http://10.0.0.5/"):
        assert (await refusal(addresses, url)).cause is Cause.REFUSED_ADDRESS


async def test_given_an_allowed_network_then_any_name_may_lead_there_by_the_usual_ports() -> None:
    networks = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    names = Names(a_lan=["10.1.2.3", "fd00:1::5"], b_lan=["10.1.2.3", "10.2.0.1"])
    addresses = Addresses(names, Allowed(networks=networks))
    assert len(await addresses.of(read_url("https://a.lan/"))) == 2
    assert await addresses.of(read_url("http://10.1.2.3/")) == (IPv4Address("10.1.2.3"),)
    for url in (
        "http://b.lan/",
        "http://a.lan:8080/",
        "http://10.2.0.1/",
        "http://[::ffff:10.1.2.3]/",
    ):
        assert (await refusal(addresses, url)).cause is Cause.REFUSED_ADDRESS


@pytest.mark.parametrize(
    ("location", "onward"),
    [
        ("/b?c", "https://a.example/b?c"),
        ("b", "https://a.example/x/b"),
        ("//b.example/c", "https://b.example/c"),
        ("https:///x", "https://a.example/x"),
        ("https://b.example:8443/c", "https://b.example:8443/c"),
    ],
)
def test_given_a_redirect_then_it_leads_on_from_where_it_was_given(
    location: str, onward: str
) -> None:
    assert str(next_hop(read_url("https://a.example/x/y?z"), location).url) == onward


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("http://a.example/", Cause.REFUSED_ADDRESS),
        ("file:///etc/passwd", Cause.INVALID_URL),
        (f"https://u:{SECRET}@a.example/", Cause.INVALID_URL),
        ("https://[::1", Cause.INVALID_URL),
        ("https://a.example/\udcff", Cause.INVALID_URL),
        ("\\\\127.0.0.1\\x", Cause.INVALID_URL),
    ],
)
def test_given_a_redirect_to_what_is_not_taken_then_it_is_refused(
    location: str, cause: Cause
) -> None:
    with pytest.raises(NotReached) as caught:
        next_hop(read_url("https://a.example/"), location)
    assert caught.value.cause is cause
    assert SECRET not in str(caught.value)


async def test_given_the_machines_own_resolver_then_loopback_by_name_is_refused() -> None:
    refused = await refusal(Addresses(SystemResolver()), "http://localhost/")
    assert refused.cause is Cause.REFUSED_ADDRESS
