"""AMI over TLS: to whom it is spoken, and why it is not."""

import asyncio

import pytest
from fake_ami import FakeAmi, Owner, linked
from fakes.certificates import Authority

from callcue.asterisk.status import Phase
from callcue.settings.tls import tls_context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"))


async def _reason(owner: Owner, part: str) -> str:
    """The reason that readiness tells, once it says that."""
    await owner.until(lambda: part in owner.link.state.reason)
    assert owner.ups == 0
    return owner.link.state.reason


async def test_given_a_certificate_of_our_ca_when_linked_then_up_and_commands_go(
    authority: Authority,
) -> None:
    context = tls_context(str(authority.file), "asterisk.tls_ca")
    async with FakeAmi(tls=authority.server("IP:127.0.0.1")) as ami, linked(ami, tls=context) as o:
        assert (await o.link.send("Ping")).get("ping") == "Pong"
        await ami.emit("Hangup")
        await o.until(lambda: [event.name for event in o.events] == ["Hangup"])
        ami.drop_connections()
        await o.until(lambda: o.ups == 2)


async def test_given_another_ca_when_connecting_then_the_reason_names_the_certificate(
    authority: Authority, other: Authority
) -> None:
    context = tls_context(str(other.file), "asterisk.tls_ca")
    async with (
        FakeAmi(tls=authority.server("IP:127.0.0.1")) as ami,
        linked(ami, tls=context, phase=Phase.CONNECTING) as owner,
    ):
        reason = await _reason(owner, "certificate is not trusted")
        assert "asterisk.tls_ca" in reason
        assert ami.received("Login") == []  # the secret was not said to a stranger


async def test_given_a_certificate_of_another_host_when_connecting_then_the_reason_says_so(
    authority: Authority,
) -> None:
    context = tls_context(str(authority.file), "asterisk.tls_ca")
    async with (
        FakeAmi(tls=authority.server("DNS:pbx.example")) as ami,
        linked(ami, tls=context, phase=Phase.CONNECTING) as owner,
    ):
        assert "127.0.0.1" in await _reason(owner, "certificate is not trusted")


async def test_given_a_server_without_tls_when_connecting_then_the_reason_asks_for_the_port(
    authority: Authority,
) -> None:
    context = tls_context(str(authority.file), "asterisk.tls_ca")
    async with FakeAmi() as ami, linked(ami, tls=context, phase=Phase.CONNECTING) as owner:
        assert "tlsenable" in await _reason(owner, "no TLS is spoken there")


async def test_given_a_server_that_never_shakes_hands_when_connecting_then_given_up_in_time(
    authority: Authority,
) -> None:
    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    context = tls_context(str(authority.file), "asterisk.tls_ca")
    server = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        FakeAmi() as ami,
        linked(ami, tls=context, port=port, phase=Phase.CONNECTING) as owner,
    ):
        await _reason(owner, "no answer within 2 s")
    server.close()
    await server.wait_closed()


async def test_given_a_server_with_tls_and_a_link_without_then_the_reason_asks_for_the_port(
    authority: Authority,
) -> None:
    async with (
        FakeAmi(tls=authority.server("IP:127.0.0.1")) as ami,
        linked(ami, phase=Phase.CONNECTING) as owner,
    ):
        await _reason(owner, "is this its port, without TLS?")
