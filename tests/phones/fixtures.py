"""Fixtures for tests with phones, which register at `pbx`; `pytest_plugins` asks for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from ears import clips
from real.pbx import NoAsterisk, Pbx

from .exchange import Exchange, exchange
from .farm import running_farm
from .stage import CLIP, LONG_CLIP


@pytest.fixture(scope="session")
def phone_farm(pbx: Pbx) -> Iterator[Pbx]:
    """The phones' own Asterisk, with all of them registered; and clips for them to hear."""
    clips.write_wav(pbx.sounds / "phones-low.wav", clips.tone(440, 4))
    clips.write_wav(pbx.sounds / "phones-sweep.wav", clips.sweep(10))
    clips.write_wav(pbx.sounds / f"{LONG_CLIP}.wav", clips.tone(CLIP, 60))
    try:
        with running_farm(pbx) as farm:
            asyncio.run(_register(pbx, farm))
            yield farm
    except NoAsterisk as missing:
        pytest.exit(f"no Asterisk for the phones of the tests: {missing}", returncode=1)


async def _register(pbx: Pbx, farm: Pbx) -> None:
    async with exchange(pbx, farm) as phones:
        await phones.register()


@pytest_asyncio.fixture
async def phones(pbx: Pbx, phone_farm: Pbx) -> AsyncIterator[Exchange]:
    """The phones, all on hook; afterwards the PBX has no channel of theirs."""
    async with exchange(pbx, phone_farm) as ready:
        yield ready
