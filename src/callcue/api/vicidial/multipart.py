"""A multipart form, read as PHP reads it, and whether any reader would read the same.

Which function is asked for decides where a request goes, so a form must not say one thing to us and
another to the server behind us. PHP's reading is looser than the standard's: it takes any type of
disposition, single quotes, no `filename*`, and the last of two names. What depends on the sizes of
its buffers cannot be told from here; such a form is marked as not clear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .parameters import MOST_FIELDS

LONGEST_STRETCH = 4000
"""Bytes between parts, and of the headers of one. PHP's buffer takes 5120."""

_HEADER = re.compile(rb"(?!\s)([^:]*):\s*(.*)", re.DOTALL)
_BLANKS = " \t\n\v\f\r"
_UP_TO_A_BLANK = re.compile(f"[^{_BLANKS}]*")


@dataclass(frozen=True, slots=True)
class Multipart:
    """What was found."""

    pairs: tuple[tuple[str, str], ...] = ()
    clear: bool = True
    """Whether it can be read in one way only."""


def boundary_of(content_type: str) -> bytes | None:
    """What stands between the parts; None if it is not told, and so nothing is read."""
    begin = content_type.find("boundary")
    if begin < 0:
        begin = content_type.lower().find("boundary")
    _, equals, rest = content_type[begin:].partition("=")
    if begin < 0 or not equals:
        return None
    if rest.startswith('"'):
        quoted, closing, _ = rest[1:].partition('"')
        return _bytes(quoted) if closing else None
    return _bytes(re.split("[,;]", rest)[0])


def read_multipart(body: bytes, boundary: bytes) -> Multipart:
    """Take the fields out; files are none."""
    mark = b"--" + boundary
    pairs: list[tuple[str, str]] = []
    at, lines = 0, 0
    clear = len(boundary) > 0
    while (begin := _after_mark(body, mark, at)) is not None:
        lines += 1
        headers = _headers(body, begin)
        if headers is None or lines > MOST_FIELDS:
            return Multipart(tuple(pairs), clear=False)
        lines_of, data = headers
        end = body.find(b"\n" + mark, data)
        at = len(body) if end < 0 else end
        disposition = _disposition(lines_of)
        found = _attributes(disposition)
        if disposition and not found.keys() & {"name", "filename"}:
            return Multipart(tuple(pairs), clear=False)  # PHP gives up here
        name = found.get("name")
        if name is not None and "filename" not in found:
            value = body[data:at]
            pairs.append((name, _text(value.removesuffix(b"\r") if end >= 0 else value)))
    clear = clear and len(body) - at <= LONGEST_STRETCH and _is_plain(body, mark, lines)
    return Multipart(tuple(pairs), clear)


def _after_mark(body: bytes, mark: bytes, at: int) -> int | None:
    """Where the headers begin after the next line that is the mark and nothing else."""
    limit = at + LONGEST_STRETCH
    while (found := body.find(mark, at, limit)) >= 0:
        after = found + len(mark)
        if found == 0 or body[found - 1 : found] == b"\n":
            if body.startswith(b"\n", after):
                return after + 1
            if body.startswith(b"\r\n", after):
                return after + 2
        at = found + 1
    return None


def _is_plain(body: bytes, mark: bytes, lines: int) -> bool:
    """Whether the mark stands nowhere but in the lines found and in one last line."""
    others = body.count(mark) - lines
    last = (b"\n" + body).count(b"\n" + mark + b"--")
    return others == 0 or (others == 1 and last == 1)


def _headers(body: bytes, begin: int) -> tuple[list[bytes], int] | None:
    """The lines up to an empty one, and where the data begins; None if they are too long."""
    lines: list[bytes] = []
    at = begin
    while (end := body.find(b"\n", at, begin + LONGEST_STRETCH)) >= 0:
        line = body[at:end].removesuffix(b"\r")
        at = end + 1
        if not line:
            return lines, at
        lines.append(line)
    return None


def _attributes(disposition: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in _words(disposition):
        key, equals, value = _split(word, "=")
        if equals:
            found[key.lower()] = _unquoted(value.lstrip("="))
    return found


def _disposition(lines: list[bytes]) -> str:
    headers: list[list[bytes]] = []
    for line in lines:
        text = line.partition(b"\0")[0]
        match = _HEADER.fullmatch(text)
        if match:
            headers.append([match[1].lower(), match[2]])
        elif headers:  # a line of no header of its own goes on with the one before
            headers[-1][1] += text
    return next((_text(value) for name, value in headers if name == b"content-disposition"), "")


def _words(disposition: str) -> Iterator[str]:
    rest = disposition.lstrip(_BLANKS)
    while rest:
        word, _, rest = _split(rest, ";")
        rest = rest.lstrip(";").lstrip(_BLANKS)
        yield word


_QUOTED = r"""(?:[^{stop}"']|"(?:\\"|[^"])*(?:"|$)|'(?:\\'|[^'])*(?:'|$))*"""
_UP_TO = {stop: re.compile(_QUOTED.format(stop=stop), re.DOTALL) for stop in ";="}


def _split(text: str, stop: str) -> tuple[str, str, str]:
    """As `partition`, but not within quotes."""
    match = _UP_TO[stop].match(text)
    end = match.end() if match else len(text)
    return text[:end], text[end : end + 1], text[end + 1 :]


def _unquoted(value: str) -> str:
    text = value.lstrip(_BLANKS)
    quote = text[:1]
    if quote not in ("'", '"'):
        match = _UP_TO_A_BLANK.match(text)
        return match[0] if match else ""
    kept = []
    characters = iter(text[1:])
    for character in characters:
        if character == quote:
            break
        if character == "\\":
            following = next(characters, "")
            kept.append(following if following in ("\\", quote) else character + following)
        else:
            kept.append(character)
    return "".join(kept)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
