"""Bytes to whole messages: no sockets, no decoding, no surprises about where a chunk ends."""

_GREETING = b"Asterisk Call Manager"
_GREETING_LIMIT = 256
_EOL = b"\r\n"
_END = b"\r\n\r\n"

BUFFER_LIMIT = 1024 * 1024
"""Bytes that may wait for the end of their message; Asterisk's longest are a hundredth of it."""


class BadStream(Exception):
    """What arrives is not AMI, or never ends; the connection is of no more use."""


class Framer:
    """Cuts a byte stream into messages, each without the blank line that ends it.

    ``greeting`` holds the peer's first line (``Asterisk Call Manager/9.0.0``) once it is there.
    """

    def __init__(self, limit: int = BUFFER_LIMIT) -> None:
        self.greeting = ""
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next chunk, give back the messages it completes. Raises ``BadStream``."""
        self._buffer += data
        if not self.greeting and not self._take_greeting():
            return []
        frames = self._take_frames()
        if len(self._buffer) > self._limit:
            raise BadStream(f"a message of over {self._limit} bytes")
        return frames

    def _take_greeting(self) -> bool:
        head = bytes(self._buffer[:_GREETING_LIMIT])
        if not _GREETING.startswith(head[: len(_GREETING)]):
            raise BadStream("the peer does not greet like an Asterisk manager: is this its port?")
        end = head.find(_EOL)
        if end < 0:
            if len(head) == _GREETING_LIMIT:
                raise BadStream("the greeting never ends")
            return False
        self.greeting = head[:end].decode("ascii", "replace")
        del self._buffer[: end + len(_EOL)]
        return True

    def _take_frames(self) -> list[bytes]:
        frames = []
        start = 0
        # Bytes searched before are not searched again: a line that comes in a thousand chunks
        # would otherwise cost the square of its length.
        search_from = self._searched
        while (end := self._buffer.find(_END, search_from)) >= 0:
            # A stray CRLF between two messages would else read as the start of the next one.
            if frame := bytes(self._buffer[start:end]).lstrip(_EOL):
                frames.append(frame)
            start = search_from = end + len(_END)
        del self._buffer[:start]
        self._searched = max(0, len(self._buffer) - len(_END) + 1)
        return frames
