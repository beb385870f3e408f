"""The two containers, up once for all tests of a run."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from compose.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Built and started once; when it ends, that nothing of it is left is asserted too."""
    with running_stack() as running:
        yield running


@pytest_asyncio.fixture
async def client(stack: Stack) -> AsyncIterator[ClientSession]:
    """A client of the published port."""
    async with ClientSession(stack.url) as session:
        yield session
