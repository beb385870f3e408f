"""Certificates that the settings name."""

import ssl

from .load import SettingsError


def tls_context(ca_file: str | None, setting: str) -> ssl.SSLContext:
    """Trust in the CAs of that file, or in those of the machine.

    Raises:
        SettingsError: the file is of no use; it names the *setting*.

    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:  # the second: it cannot be a path at all
        raise SettingsError(f"{setting}: {ca_file} is of no use: {error}") from None
