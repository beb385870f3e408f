"""Whatever an origin does, fetching ends in its limits, with the reason that it is."""

import asyncio
import gzip
import os
import ssl
import subprocess
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from io import FileIO
from ipaddress import ip_network
from pathlib import Path

import pytest
from fakes.origin import (
    NAME,
    Origin,
    Script,
    answer,
    broken_off,
    drip,
    endless,
    hang_up,
    origin,
    redirect,
    silent,
    versioned,
)

from callcue.media.failures import MediaFailed, Reason
from callcue.media.fetch import Fetcher, FetchLimits, Validators
from callcue.outward.addresses import Addresses, Allowed, Resolve
from callcue.outward.urls import read_url

BODY = bytes(range(256)) * 1000
SECRET = "s3cret"
LIMITS = FetchLimits(connect_seconds=1.0, total_seconds=1.0, bytes=1_000_000)


@pytest.fixture
async def there() -> AsyncIterator[Origin]:
    async with origin() as served:
        served.paths["/a.wav"] = answer(BODY, Content_Type="audio/wav")
        yield served


@pytest.fixture
def into(tmp_path: Path) -> Iterator[FileIO]:
    with FileIO(tmp_path / "body", "x+b") as file:
        yield file


def fetcher(there: Origin, limits: FetchLimits = LIMITS, resolve: Resolve | None = None) -> Fetcher:
    allowed = Allowed(hosts=frozenset({there.host}))
    return Fetcher(Addresses(resolve or there.resolve, allowed), limits)


async def failure(there: Origin, url: str, into: FileIO) -> MediaFailed:
    """How fetching it fails, soon and leaving nothing open."""
    started = time.monotonic()
    with pytest.raises(MediaFailed) as caught:
        await fetcher(there).fetch(read_url(url), into)
    assert time.monotonic() - started < 3
    assert SECRET not in str(caught.value)
    async with asyncio.timeout(3):
        while there.open:
            await asyncio.sleep(0.01)
    return caught.value


async def test_given_a_file_then_it_is_fetched_and_nothing_is_told_of_us(
    there: Origin, into: FileIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    fetched = await fetcher(there).fetch(read_url(there.url("/a.wav?X-Sig=a%2Fb+c")), into)
    assert fetched.changed
    assert into.read() == BODY
    (request,) = there.seen
    assert request.target == "/a.wav?X-Sig=a%2Fb+c"
    assert request.headers == {
        "host": there.host,
        "accept": "*/*",
        "accept-encoding": "identity",
        "user-agent": "callcue",
        "connection": "close",
    }


async def test_given_a_cookie_then_it_is_not_given_back(there: Origin, into: FileIO) -> None:
    there.paths["/b.wav"] = answer(
        b"", "302 Found", Set_Cookie="a=b; Path=/", Location="/a.wav", WWW_Authenticate="Basic"
    )
    await fetcher(there).fetch(read_url(there.url("/b.wav")), into)
    assert all("cookie" not in request.headers for request in there.seen)
    assert all("authorization" not in request.headers for request in there.seen)


async def test_given_redirects_then_they_are_followed(there: Origin, into: FileIO) -> None:
    there.paths["/1"] = redirect("/2", "301 Moved")
    there.paths["/2"] = redirect("3?x", "307 Temporary")
    there.paths["/3"] = redirect(there.url("/a.wav"), "308 Permanent")
    await fetcher(there).fetch(read_url(there.url("/1")), into)
    assert into.read() == BODY


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("http://127.0.0.1/", Reason.REFUSED_ADDRESS),
        ("http://127.0.0.1:{port}/a.wav", Reason.REFUSED_ADDRESS),
        ("http://localhost/", Reason.UNREACHABLE),
        ("http://169.254.169.254/latest/meta-data/", Reason.REFUSED_ADDRESS),
        ("http://[fd00:ec2::254]/", Reason.REFUSED_ADDRESS),
        ("http://[::ffff:169.254.169.254]/", Reason.REFUSED_ADDRESS),
        ("http://0x7f.1/", Reason.INVALID_URL),
        ("file:///etc/passwd", Reason.INVALID_URL),
        (f"http://u:{SECRET}@{NAME}/", Reason.INVALID_URL),
        ("", Reason.ORIGIN_FAILED),
    ],
)
async def test_given_a_redirect_inside_then_it_is_not_followed(
    there: Origin, into: FileIO, to: str, reason: Reason
) -> None:
    there.paths["/x"] = redirect(to.format(port=there.port))
    failed = await failure(there, there.url(f"/x?{SECRET}"), into)
    assert failed.reason is reason
    assert len(there.seen) == 1


async def test_given_a_loop_of_redirects_then_it_ends(there: Origin, into: FileIO) -> None:
    there.paths["/x"] = redirect("/x")
    assert (await failure(there, there.url("/x"), into)).reason is Reason.ORIGIN_FAILED
    assert len(there.seen) == 6


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (answer(b"", "404 Not Found"), Reason.NOT_FOUND),
        (answer(b"", "410 Gone"), Reason.NOT_FOUND),
        (answer(b"", "401 Unauthorized"), Reason.ORIGIN_FAILED),
        (answer(b"", "403 Forbidden"), Reason.ORIGIN_FAILED),
        (answer(b"", "500 Oops"), Reason.ORIGIN_FAILED),
        (answer(b"", "503 Busy"), Reason.ORIGIN_FAILED),
        (answer(b"", "206 Partial"), Reason.ORIGIN_FAILED),
        (answer(b"", "304 Not Modified"), Reason.ORIGIN_FAILED),
        (answer(b"", "300 Choices"), Reason.ORIGIN_FAILED),
        (answer(b"x", Content_Length="1000001"), Reason.TOO_LARGE),
        (answer(b"x", Content_Length="99999999999999999999"), Reason.ORIGIN_FAILED),
        (answer(b"x", Content_Length="minus"), Reason.ORIGIN_FAILED),
        (answer(b"x" * 1_000_001, Content_Length=""), Reason.TOO_LARGE),
        (endless, Reason.TOO_LARGE),
        (drip, Reason.TIMED_OUT),
        (silent, Reason.TIMED_OUT),
        (broken_off(b"x" * 1000, 2000), Reason.ORIGIN_FAILED),
        (broken_off(b"x" * 1000, 2000, reset=True), Reason.ORIGIN_FAILED),
        (
            answer(gzip.compress(bytes(50_000_000), 9), Content_Encoding="gzip"),
            Reason.ORIGIN_FAILED,
        ),
        (answer(b"x", "200 OK\r\nX: " + "a" * 100_000), Reason.ORIGIN_FAILED),
        (answer(b"x", "banana"), Reason.ORIGIN_FAILED),
        (hang_up, Reason.UNREACHABLE),
    ],
)
async def test_given_an_origin_that_fails_then_the_reason_is_its_own(
    there: Origin, into: FileIO, script: Script, reason: Reason
) -> None:
    there.paths["/x"] = script
    failed = await failure(there, there.url(f"/x?{SECRET}"), into)
    assert failed.reason is reason, failed.detail
    assert NAME in failed.detail
    # The file has no more than was allowed.
    assert os.fstat(into.fileno()).st_size <= LIMITS.bytes


async def test_given_a_length_that_is_less_than_the_body_then_no_more_is_taken(
    there: Origin, into: FileIO
) -> None:
    there.paths["/x"] = answer(BODY, Content_Length="1000", Connection="")
    # Whether what follows is noticed in time is a matter of packets.
    with suppress(MediaFailed):
        await fetcher(there).fetch(read_url(there.url("/x")), into)
    assert os.fstat(into.fileno()).st_size <= 1000


async def test_given_nobody_listens_then_it_is_unreachable(into: FileIO) -> None:
    async with origin() as gone:
        pass
    failed = await failure(gone, gone.url("/a.wav"), into)
    assert failed.reason is Reason.UNREACHABLE


async def test_given_a_name_server_that_is_silent_then_it_is_timed_out(
    there: Origin, into: FileIO
) -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(3600)
        return []

    limits = FetchLimits(connect_seconds=0.1)
    with pytest.raises(MediaFailed) as caught:
        await fetcher(there, limits, never).fetch(read_url(there.url("/a.wav")), into)
    assert caught.value.reason is Reason.TIMED_OUT


async def test_given_a_name_that_changes_then_what_was_judged_is_connected_to(
    into: FileIO, there: Origin
) -> None:
    """The first answer is allowed, all others lead elsewhere: nobody asks for them."""
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    await fetcher(there, resolve=rebinding).fetch(read_url(there.url("/a.wav")), into)
    assert asked == [NAME]
    assert into.read() == BODY


async def test_given_a_name_that_becomes_private_then_a_second_hop_is_refused(
    there: Origin, into: FileIO
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    there.paths["/x"] = redirect("http://other.test/")
    with pytest.raises(MediaFailed) as caught:
        await fetcher(there, resolve=rebinding).fetch(read_url(there.url("/x")), into)
    assert caught.value.reason is Reason.REFUSED_ADDRESS


@pytest.mark.parametrize(
    "known", [Validators(etag='"1"'), Validators(last_modified="Sat, 21 Nov 2026 12:00:00 GMT")]
)
async def test_given_a_version_that_is_known_then_it_is_not_sent_again(
    there: Origin, into: FileIO, known: Validators
) -> None:
    there.paths["/x"] = versioned(BODY, known.etag, known.last_modified, Cache_Control="max-age=7")
    first = await fetcher(there).fetch(read_url(there.url("/x")), into)
    assert first.validators == known
    into.truncate(0)
    again = await fetcher(there).fetch(read_url(there.url("/x")), into, known)
    assert (again.changed, again.validators) == (False, known)
    assert again.cache_control == "max-age=7"
    assert into.read() == b""


async def test_given_a_full_disk_then_it_says_so(there: Origin) -> None:
    with FileIO("/dev/full", "r+b") as full:
        failed = await failure(there, there.url("/a.wav"), full)
    assert failed.reason is Reason.DISK_FULL


async def test_given_a_large_file_then_memory_stays_flat(there: Origin, into: FileIO) -> None:
    there.paths["/x"] = endless
    limits = FetchLimits(bytes=100_000_000, total_seconds=10)
    tracemalloc.start()
    try:
        with pytest.raises(MediaFailed) as caught:
            await fetcher(there, limits).fetch(read_url(there.url("/x")), into)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.reason is Reason.TOO_LARGE
    assert os.fstat(into.fileno()).st_size > 99_000_000
    assert most < 5_000_000


async def test_given_a_fetch_that_is_cancelled_then_its_connection_is_gone(
    there: Origin, into: FileIO
) -> None:
    there.paths["/x"] = drip
    fetching = asyncio.create_task(fetcher(there).fetch(read_url(there.url("/x")), into))
    async with asyncio.timeout(3):
        while not os.fstat(into.fileno()).st_size:
            await asyncio.sleep(0.01)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        while there.open:
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the origin, and of nobody else; trusted by itself alone."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={NAME}"),
            *("-addext", f"subjectAltName=DNS:{NAME}"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Origin]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    async with origin(context) as served:
        served.paths["/a.wav"] = answer(BODY)
        yield served


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate / "certificate.pem"))


async def test_given_https_then_the_name_is_asked_for_and_proven(
    secure: Origin, trust: ssl.SSLContext, into: FileIO
) -> None:
    addresses = Addresses(secure.resolve, Allowed(hosts=frozenset({secure.host})))
    await Fetcher(addresses, LIMITS, tls=trust).fetch(read_url(secure.url("/a.wav")), into)
    assert into.read() == BODY
    assert secure.names == [NAME]
    assert secure.seen[0].headers["host"] == secure.host


async def test_given_the_certificate_of_another_name_then_it_is_unreachable(
    secure: Origin, trust: ssl.SSLContext, into: FileIO
) -> None:
    async def anywhere(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    other = f"other.test:{secure.port}"
    addresses = Addresses(anywhere, Allowed(hosts=frozenset({other})))
    with pytest.raises(MediaFailed) as caught:
        await Fetcher(addresses, LIMITS, tls=trust).fetch(read_url(f"https://{other}/"), into)
    assert caught.value.reason is Reason.UNREACHABLE
    assert "certificate" in caught.value.detail
    untrusted = Addresses(secure.resolve, Allowed(hosts=frozenset({secure.host})))
    with pytest.raises(MediaFailed, match="certificate"):
        await Fetcher(untrusted, LIMITS).fetch(read_url(secure.url("/a.wav")), into)
    assert secure.seen == []


async def test_given_a_redirect_from_https_to_http_then_it_is_refused(
    secure: Origin, there: Origin, trust: ssl.SSLContext, into: FileIO
) -> None:
    secure.paths["/x"] = redirect(there.url("/a.wav"))
    addresses = Addresses(secure.resolve, Allowed(hosts=frozenset({secure.host, there.host})))
    with pytest.raises(MediaFailed) as caught:
        await Fetcher(addresses, LIMITS, tls=trust).fetch(read_url(secure.url("/x")), into)
    assert caught.value.reason is Reason.REFUSED_ADDRESS
    assert there.seen == []


async def test_given_two_addresses_of_which_one_is_dead_then_the_other_is_used(
    there: Origin, into: FileIO
) -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    await fetcher(there, resolve=both).fetch(read_url(there.url("/a.wav")), into)
    assert into.read() == BODY


async def test_given_an_allowed_network_then_the_port_is_still_a_usual_one(
    there: Origin, into: FileIO
) -> None:
    addresses = Addresses(there.resolve, Allowed(networks=(ip_network("127.0.0.0/8"),)))
    with pytest.raises(MediaFailed) as caught:
        await Fetcher(addresses, LIMITS).fetch(read_url(there.url("/a.wav")), into)
    assert caught.value.reason is Reason.REFUSED_ADDRESS
