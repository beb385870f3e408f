"""Every Asterisk of the service, and the task that runs each; they come and go while it runs."""

import asyncio
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar


class Runs(Protocol):
    """What runs until it is cancelled."""

    @property
    def name(self) -> str:
        """As the settings have it."""

    async def run(self) -> None:
        """Keep the link up until cancelled."""


Each = TypeVar("Each", bound=Runs)


class Fleet(Generic[Each]):
    """Those there are now, in the order of the settings as far as they were there at the start."""

    def __init__(self, servers: Iterable[Each]) -> None:
        """Nothing runs before `start`."""
        self.servers = list(servers)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._fault: asyncio.Future[None] | None = None

    def start(self) -> "asyncio.Future[None]":
        """Run them all. What is returned is done when one ends by itself: a fault of ours."""
        self._fault = asyncio.get_running_loop().create_future()
        for server in self.servers:
            self._run(server)
        return self._fault

    def add(self, server: Each) -> None:
        """Run one more."""
        self.servers.append(server)
        self._run(server)

    async def remove(self, name: str) -> None:
        """Run that one no more."""
        self.servers[:] = [server for server in self.servers if server.name != name]
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """End them all."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._fault is not None:
            self._fault.cancel()

    def _run(self, server: Each) -> None:
        task = asyncio.create_task(server.run(), name=f"asterisk {server.name}")
        self._tasks[server.name] = task
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        fault = self._fault
        if fault is None or fault.done() or task not in self._tasks.values():
            return  # it was told to end
        error = None if task.cancelled() else task.exception()
        if error is not None:
            fault.set_exception(error)
        else:
            fault.set_result(None)
