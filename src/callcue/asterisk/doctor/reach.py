"""Does Asterisk's manager answer there? Looked at as a person would, without our own protocol."""

import asyncio
import socket
import ssl
from contextlib import suppress

from callcue.asterisk.address import ServerAddress

from .finding import Finding, mend, ok

CHECK = "connection"
CONNECT_PATIENCE = 5.0
GREETING_PATIENCE = 3.0
_GREETING = b"Asterisk Call Manager/"
_AMI_ON = "in manager.conf: enabled=yes, bindaddr and port"


async def reach(address: ServerAddress) -> Finding:
    """Connect, read the greeting, and go."""
    where = f"{address.host} port {address.port}"
    try:
        greeting = await _greeting(address, address.ssl)
    except ssl.SSLCertVerificationError as error:
        return mend(
            CHECK,
            f"the certificate at {where} is not trusted: {error.verify_message}",
            "name the file with its CA as tls_ca, or the host as the certificate has it",
        )
    except ssl.SSLError:
        return mend(
            CHECK,
            f"no TLS is spoken at {where}",
            "set tls = false, or tlsenable=yes in manager.conf and port to its TLS port",
        )
    except socket.gaierror:
        return mend(CHECK, f"nobody knows where {address.host} is", "correct host")
    except ConnectionRefusedError:
        todo = f"start Asterisk; {_AMI_ON}; or correct host and port"
        return mend(CHECK, f"nobody listens at {where}", todo)
    except TimeoutError:
        todo = "let TCP through on the way there, or correct host and port"
        return mend(CHECK, f"{where} does not answer the connection", todo)
    except OSError as error:
        todo = "mend the network on the way there, or correct host and port"
        return mend(CHECK, f"{where} cannot be reached: {error.strerror or error}", todo)
    if greeting.startswith(_GREETING):
        return ok(CHECK, f"{greeting.decode('ascii', 'replace').strip()} at {where}")
    if address.ssl is None and not greeting and await _speaks_tls(address):
        return mend(CHECK, f"TLS is spoken at {where}", "set tls = true, and tls_ca if need be")
    todo = f"correct host and port; {_AMI_ON}"
    return mend(CHECK, f"what answers at {where} is not Asterisk's manager", todo)


async def _greeting(address: ServerAddress, tls: ssl.SSLContext | None) -> bytes:
    """The first line, or nothing if it says none; raises `OSError`."""
    async with asyncio.timeout(CONNECT_PATIENCE):
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
    try:
        async with asyncio.timeout(GREETING_PATIENCE):
            return await reader.readline()
    except (TimeoutError, ValueError, ConnectionError):
        return b""
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _speaks_tls(address: ServerAddress) -> bool:
    """Whoever it is: nothing secret is said."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        return (await _greeting(address, anybody)).startswith(_GREETING)
    except OSError:
        return False
