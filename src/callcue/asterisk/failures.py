"""Why a connection could not be made, in words that say what to look at."""

import ssl

_OF_TLS = {
    "WRONG_VERSION_NUMBER": "no TLS is spoken there: is it the port of tlsenable in manager.conf?",
    "RECORD_LAYER_FAILURE": "no TLS is spoken there: is it the port of tlsenable in manager.conf?",
    "UNSUPPORTED_PROTOCOL": "its TLS is too old",
    "NO_PROTOCOLS_AVAILABLE": "its TLS is too old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "its TLS is too old",
}


def in_words(error: OSError) -> str:
    """Empty where *error* itself has nothing to say."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return f"its certificate is not trusted: {why} (look at asterisk.tls_ca and asterisk.host)"
    if isinstance(error, ssl.SSLError):
        return _OF_TLS.get(error.reason or "", f"no TLS could be agreed on: {error}")
    return str(error)
