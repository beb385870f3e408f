"""The header `Expect`: heard where it is the one that there is, and else as if it were not there.

aiohttp repeats a strange one in its answer, and fails where that is no UTF-8.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

RequestFactory = Callable[..., web.BaseRequest]
"""As `aiohttp.web.Server` has it; the first argument is the message."""


def reasonable(make: RequestFactory) -> RequestFactory:
    """Requests as *make* makes them, of messages without a strange `Expect`."""

    def made(message: Any, *others: Any) -> web.BaseRequest:
        expected = message.headers.get(hdrs.EXPECT)
        if expected is not None and expected.lower() != "100-continue":
            headers = CIMultiDict(message.headers)
            del headers[hdrs.EXPECT]
            message = message._replace(headers=CIMultiDictProxy(headers))
        return make(message, *others)

    return made
