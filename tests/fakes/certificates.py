"""A CA of the test's own, and certificates that it has signed."""

import ssl
import subprocess
from pathlib import Path

_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


class Authority:
    """Its own certificate is `file`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.file, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        self._folder = folder
        # Two of the same name: by its name alone no client may take one for the other.
        subject = ("-subj", "/CN=test CA", "-keyout", self._key, "-out", self.file)
        _openssl("req", "-x509", *_EC, *subject)

    def server(self, *names: str) -> ssl.SSLContext:
        """A server's side, with a certificate for "DNS:..." or "IP:..."."""
        key, request, signed, extensions = (
            self._folder / f"server.{kind}" for kind in ("key", "csr", "pem", "ext")
        )
        _openssl("req", *_EC, "-subj", "/CN=server", "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={','.join(names)}\n")
        by = ("-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2")
        _openssl("x509", "-req", "-in", request, *by, "-extfile", extensions, "-out", signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed, key)
        return context


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
