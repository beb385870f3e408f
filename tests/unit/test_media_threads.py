"""Work in a thread is never left behind."""

import asyncio
import threading

import pytest

from callcue.media.threads import in_thread


async def test_given_work_then_its_result_or_its_error_is_had() -> None:
    assert await in_thread(lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


@pytest.mark.parametrize("fails", [False, True])
async def test_given_who_waits_is_cancelled_twice_then_it_is_so_when_the_work_is_done(
    fails: bool,
) -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        done.set()
        if fails:
            raise OSError

    waiting = asyncio.create_task(in_thread(work))
    for _ in range(2):
        await asyncio.sleep(0.02)
        waiting.cancel()
    await asyncio.sleep(0.02)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done.is_set()
