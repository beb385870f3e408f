"""The one place where an action's headers are made, and the one guard they pass.

AMI is lines: whoever controls a CR or LF in a value controls the next action (measured on a real
Asterisk, ``panoramisk.md`` 2f). Whatever is not plainly harmless is refused here, before a byte
is written. Nothing is escaped: an escape is a rule that two programs must agree on for ever.
"""

import re
from collections.abc import Mapping
from typing import Final

HeaderValue = str | int
Headers = dict[str, str | list[str]]
"""Name to value; a list where the header is repeated. The form panoramisk writes from."""

# Asterisk drops a line beyond 1024 bytes and refuses about 128 headers; we stay below both.
MAX_LINE_BYTES: Final = 1000
MAX_HEADERS: Final = 120

_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Setvar and Getvar name a variable or a function (VOLUME(TX)) in this header; they never set
# one there, so that an equals sign here can only be an attempt to slip past `variables`.
_VARIABLE_HEADER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_,.+*#-]*\))?")
# UUIDs, unique ids, sound names, numbers, room names, extensions, relative paths. No comma
# (Asterisk splits at it and sets a second variable), no $ { } ( ) quotes or backslash (dialplan
# syntax), no space (trimmed in silence), no equals sign (none of the above needs one).
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9_./:@+*#-]*")
# These are ours to write: Action and ActionID from build_action's caller.
_RESERVED = frozenset({"action", "actionid"})
_TRUE = frozenset({"true", "yes", "1", "on"})


class UnsafeHeader(ValueError):
    """A header that must not be written. The text names the header, never its value."""


def build_action(
    name: str,
    action_id: str,
    headers: Mapping[str, HeaderValue] | None = None,
    variables: Mapping[str, HeaderValue] | None = None,
) -> Headers:
    """Check and assemble an action.

    *variables* become one ``Variable: NAME=value`` header each, in their order. Raises
    ``UnsafeHeader``.
    """
    action: Headers = {
        "Action": _checked("Action", name),
        "ActionID": _checked("ActionID", action_id),
    }
    for key, value in (headers or {}).items():
        text = _checked(key, value)
        if key.lower() in _RESERVED:
            raise UnsafeHeader(f"header {key} is written by the link")
        action[key] = text
    if variables:
        action["Variable"] = [_assignment(key, value) for key, value in variables.items()]
    _check_whole(name, headers or {}, variables or {})
    return action


def _checked(name: str, value: HeaderValue) -> str:
    """The value as text, once the line it will make is known to be safe."""
    if not _matches(_HEADER_NAME, name):
        raise UnsafeHeader(f"not a header name: {name!r:.60}")
    text = _as_text(name, value)
    if _CONTROL.search(text):
        raise UnsafeHeader(f"control character in header {name}")
    try:
        size = len(f"{name}: {text}".encode())
    except UnicodeEncodeError:
        raise UnsafeHeader(f"header {name} is not valid Unicode") from None
    if size > MAX_LINE_BYTES:
        raise UnsafeHeader(f"header {name} is {size} bytes long, over {MAX_LINE_BYTES}")
    if name.lower() == "variable" and not _VARIABLE_HEADER.fullmatch(text):
        raise UnsafeHeader("a Variable header may only name a variable; set one by `variables`")
    if name.lower() == "value":
        _check_variable_value(name, text)
    return text


def _assignment(name: str, value: HeaderValue) -> str:
    if not _matches(_VARIABLE_NAME, name):
        raise UnsafeHeader(f"not a variable name: {name!r:.60}")
    text = _as_text(name, value)
    _check_variable_value(name, text)
    line = f"{name}={text}"
    if len(f"Variable: {line}") > MAX_LINE_BYTES:  # ASCII by now: characters are bytes
        raise UnsafeHeader(f"variable {name} makes a line of over {MAX_LINE_BYTES} bytes")
    return line


def _matches(pattern: re.Pattern[str], name: object) -> bool:
    return isinstance(name, str) and pattern.fullmatch(name) is not None


def _check_variable_value(name: str, text: str) -> None:
    # ".." never names a file below the sounds folder, only one outside it.
    if not _VARIABLE_VALUE.fullmatch(text) or ".." in text:
        raise UnsafeHeader(f"the value of {name} has characters that are refused")


def _as_text(name: str, value: HeaderValue) -> str:
    # bool is an int to Python, but "True" is rarely what its sender meant.
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnsafeHeader(f"{name} must be str or int, not {type(value).__name__}")
    # The base classes' own text: a str or int Enum would else print its member's name.
    return str.__str__(value) if isinstance(value, str) else int.__repr__(value)


def _check_whole(
    name: str, headers: Mapping[str, HeaderValue], variables: Mapping[str, HeaderValue]
) -> None:
    lowered = {key.lower(): value for key, value in headers.items()}
    if len(lowered) < len(headers) or ("variable" in lowered and variables):
        raise UnsafeHeader(f"{name}: a header is given twice")
    count = 2 + len(headers) + len(variables)
    if count > MAX_HEADERS:
        raise UnsafeHeader(f"{name}: {count} headers, over {MAX_HEADERS}")
    # A synchronous Originate blocks Asterisk's whole session until the phone is answered, the
    # answers to our pings included.
    if name.lower() == "originate" and str(lowered.get("async", "")).lower() not in _TRUE:
        raise UnsafeHeader("Originate must be sent with Async: true")
