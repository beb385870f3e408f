"""The first thing the doctor looks at: what answers at the port, and whether it speaks TLS."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.doctor import reach
from callcue.asterisk.doctor.finding import Finding, Verdict

AMI = b"Asterisk Call Manager/9.0.0\r\n"


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, by nobody but itself."""

    file: Path
    key: Path

    def of_server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=asterisk", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(made.key), "-out", str(made.file)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@asynccontextmanager
async def listening(greeting: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def looked(port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Finding:
    return await reach.reach(ServerAddress(host, port, "callcue", "s3cret", tls))


async def test_given_ami_then_all_is_well() -> None:
    async with listening(AMI) as port:
        found = await looked(port)
    assert (found.verdict, "Call Manager/9.0.0" in found.said) == (Verdict.OK, True)


async def test_given_ami_over_tls_that_is_trusted_then_all_is_well(
    certificate: Certificate,
) -> None:
    trust = ssl.create_default_context(cafile=certificate.file)
    async with listening(AMI, certificate.of_server()) as port:
        assert (await looked(port, tls=trust)).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("served", "asked", "todo"),
    [
        (True, None, "set tls = true"),
        (False, ssl.create_default_context, "set tls = false"),
        (True, ssl.create_default_context, "tls_ca"),
    ],
)
async def test_given_tls_on_one_side_alone_or_untrusted_then_it_says_what_to_set(
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    served: bool,
    asked: Callable[[], ssl.SSLContext] | None,
    todo: str,
) -> None:
    monkeypatch.setattr(reach, "GREETING_PATIENCE", 0.3)
    async with listening(AMI, certificate.of_server() if served else None) as port:
        found = await looked(port, tls=asked() if asked else None)
    assert found.verdict is Verdict.MEND
    assert todo in found.todo


async def test_given_another_service_or_a_silent_one_then_the_port_is_to_be_corrected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reach, "GREETING_PATIENCE", 0.1)
    for greeting in (b"SSH-2.0-OpenSSH_9.2\r\n", b""):
        async with listening(greeting) as port:
            found = await looked(port)
        assert found.verdict is Verdict.MEND
        assert "correct host and port" in found.todo


async def test_given_nobody_there_then_it_says_so() -> None:
    async with listening(AMI) as port:
        pass
    assert "nobody listens" in (await looked(port)).said
    assert "nobody knows where" in (await looked(5038, host="asterisk.invalid")).said
