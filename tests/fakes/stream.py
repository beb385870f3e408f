"""One who listens to the events of a service."""

import asyncio
import json
from typing import Any

from aiohttp import ClientResponse


class Stream:
    """The events of one answer."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def block(self) -> dict[str, str]:
        """The fields of what is told next."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(3):
            async for line in self.response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name and value:
                    fields[name] = value
                elif "data" in fields:
                    break
                else:
                    fields.clear()
        return fields

    async def next(self) -> dict[str, Any]:
        """The next event's data; its id and its type are what the stream's own fields say."""
        fields = await self.block()
        data = json.loads(fields["data"])
        assert (data["id"], data["type"]) == (fields["id"], fields["event"])
        return dict(data)

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """All up to the first of that type."""
        seen = [await self.next()]
        while seen[-1]["type"] != kind:
            seen.append(await self.next())
        return seen

    async def ends(self) -> None:
        """Wait for its proper end, before which nothing more may come."""
        async with asyncio.timeout(5):
            assert b"data:" not in await self.response.content.read()  # raises if it is cut off
