"""Name servers that are dead hold up nobody but who asks them, and no process from ending."""

import asyncio
import socket
import subprocess
import sys
from threading import Event

import pytest
from fakes.waiting import until

from callcue.outward.resolver import SystemResolver

ENDS = """
import asyncio, socket, threading
from callcue.outward.resolver import SystemResolver

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()

async def main():
    asyncio.create_task(SystemResolver()("a.example", 443))
    while not any(thread.name == "resolver" for thread in threading.enumerate()):
        await asyncio.sleep(0)

asyncio.run(main())
"""


def found(address: str) -> list[tuple[object, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]


def test_given_a_name_server_that_is_dead_when_the_process_ends_then_it_ends() -> None:
    subprocess.run([sys.executable, "-c", ENDS], check=True, timeout=20)


async def test_given_a_name_then_its_addresses_or_what_the_system_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(host: str, _port: int, **_: object) -> list[tuple[object, ...]]:
        if host == "nowhere.example":
            raise socket.gaierror("no such name")
        return found("192.0.2.1")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    resolver = SystemResolver(threads=1)
    with pytest.raises(OSError, match="no such name"):
        await resolver("nowhere.example", 443)
    assert await resolver("a.example", 443) == ["192.0.2.1"]


async def test_given_as_many_as_may_ask_then_the_next_one_waits_for_a_thread_and_not_for_who_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answers = list[str](), Event()

    def ask(host: str, _port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        answers.wait()
        return found("192.0.2.1")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    resolver = SystemResolver(threads=1)
    impatient = asyncio.create_task(resolver("slow.example", 443))
    await until(lambda: asyncio.sleep(0, bool(asked)))
    impatient.cancel()
    patient = asyncio.create_task(resolver("next.example", 443))
    await asyncio.sleep(0)
    assert asked == ["slow.example"]
    answers.set()
    assert await patient == ["192.0.2.1"]
    assert asked == ["slow.example", "next.example"]
