"""Random mixtures of query and form: what we serve never reaches the server behind us."""

import asyncio
from dataclasses import dataclass

from fakes import raw
from fakes.service import PASSWORD, serving
from fakes.upstream import vicidial
from hypothesis import given, settings
from hypothesis import strategies as st

OURS = {"audio_playback", "webserver", "version", "coffee"}

NAMES = {
    "function": "function",
    "functio%6E": "function",
    "+function": "function",
    "%20%20function": "function",
    "function%00": "function",
    "function%00x[]": "function",
    "function[]": "list",
    "function[x][y": "list",
    "function%5B%5D": "list",
    "function[": "other",
    "Function": "other",
    "function+": "other",
    "x": "other",
    "pass": "other",
}
"""How a name may be written, and what it is to PHP."""

VALUES = {
    "audio_playback": "audio_playback",
    "audio%5Fplayback": "audio_playback",
    "audio_play.back": "audio_playback",
    "+audio_playback%0d%0a": "audio_playback",
    "audio_playback;": "audio_playback",
    "version": "version",
    "web'server": "webserver",
    "coffee": "coffee",
    "external_pause": "external_pause",
    "AUDIO_PLAYBACK": "AUDIO_PLAYBACK",
    "audio_playback2": "audio_playback2",
    "": "",
    "%00": "",
}


@dataclass(frozen=True)
class Pair:
    name: str
    value: str

    @property
    def text(self) -> str:
        return f"{self.name}={self.value}"


PAIRS = st.lists(
    st.builds(Pair, st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(VALUES))), max_size=5
)


def _last(pairs: list[Pair]) -> str | None:
    """The function, as PHP has it: None where there is none, `[]` where it is a list."""
    found = None
    for pair in pairs:
        if NAMES[pair.name] == "function":
            found = VALUES[pair.value]
        elif NAMES[pair.name] == "list":
            found = "[]"
    return found


def _joined(pairs: list[Pair]) -> str:
    return "&".join(pair.text for pair in pairs)


MIXTURES = st.tuples(PAIRS, PAIRS, st.sampled_from(["GET", "POST", "PUT"]), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(MIXTURES, min_size=8, max_size=12))
def test_given_random_mixtures_then_what_is_ours_stays_here_and_the_rest_gets_there_as_it_is(
    mixtures: list[tuple[list[Pair], list[Pair], str, bool]],
) -> None:
    async def ask() -> None:
        async with vicidial() as fake, serving(vicidial={"upstream": fake.url}) as service:
            for query, form, method, is_form in mixtures:
                fake.seen.clear()
                kind = "application/x-www-form-urlencoded" if is_form else "text/plain"
                target, body = f"/agc/api.php?z&{_joined(query)}", _joined(form).encode()
                got = await raw.ask(service, target, method, body, (f"Content-Type: {kind}",))
                assert PASSWORD not in str(got)
                first = _last(query)
                second = _last(form) if method == "POST" and is_form else None
                function = first if first is not None else second
                if function in OURS:
                    assert not fake.seen
                elif function != "[]":
                    (seen,) = fake.seen
                    assert (seen.method, seen.target, seen.body) == (method, target, body)

    asyncio.run(ask())
