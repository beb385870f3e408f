"""The service in a thread of its own, for clients that know no event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from .service import Service, serving


@contextmanager
def in_a_thread() -> Iterator[Service]:
    """A running service. What the test asks of it by HTTP it may ask from any thread."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    context = serving()
    try:
        yield asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
