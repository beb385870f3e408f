"""How often a key and a user may ask: the bucket itself, and what both dialects answer."""

from pathlib import Path
from typing import Any

import pytest
from fakes.service import (
    CHANNEL,
    KEY,
    OTHER_KEY,
    PASSWORD,
    READ_KEY,
    WORKSPACE,
    Service,
    cheap_hash,
    serving,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from callcue.api import rates
from callcue.api.counts import TurnedAway, Uncounted
from callcue.api.rates import Buckets, Paces, Rate, Rates, TooOften
from callcue.settings.limits import Limits

CLIP = {"media": ["sound:hello_1"]}
TOO_MANY = "ERROR: audio_playback error - too many requests - {stage}|1000\n"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Counted(Uncounted):
    """Remembers why."""

    def __init__(self) -> None:
        self.why: list[TurnedAway] = []

    def turned_away(self, why: TurnedAway) -> None:
        self.why.append(why)


def few(burst: int, **more: Any) -> dict[str, Any]:
    """Settings under which so many requests of each may come, and for long no more."""
    slow = {"key_per_second": 0.01, "user_per_second": 0.01}
    return {"limits": {**slow, "key_burst": burst, "user_burst": burst, **more}}


# ---- the bucket ----------------------------------------------------------------------------------


def test_given_a_full_bucket_then_it_gives_what_it_holds_and_gets_it_back_bit_by_bit() -> None:
    clock, rate = Clock(), Rate(per_second=4, burst=3)
    buckets = Buckets(clock)
    assert [buckets.take("a", rate) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", rate) == pytest.approx(0.25)
    assert buckets.take("b", rate) == 0
    clock.now += 0.1
    assert buckets.take("a", rate) == pytest.approx(0.15)  # who is refused loses nothing by it
    clock.now += 0.15
    assert buckets.take("a", rate) == 0
    assert buckets.take("a", rate) > 0
    clock.now += 3600
    assert [buckets.take("a", rate) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", rate) > 0


@given(
    per_second=st.floats(0.01, 1000),
    burst=st.integers(1, 50),
    waits=st.lists(st.floats(0, 5), max_size=200),
)
@settings(derandomize=True, database=None, deadline=None)
def test_given_any_requests_then_never_more_than_the_bucket_and_what_came_back(
    per_second: float, burst: int, waits: list[float]
) -> None:
    clock, rate = Clock(), Rate(per_second, burst)
    buckets, let_in = Buckets(clock), list[float]()
    for wait in waits:
        clock.now += wait
        left = buckets.take("a", rate)
        if left:
            clock.now += left  # what it says is true
            assert buckets.take("a", rate) == 0
        let_in.append(clock.now)
    for first, begin in enumerate(let_in):
        for last in range(first, len(let_in)):
            most = burst + (let_in[last] - begin) * per_second
            assert last - first + 1 <= most + 0.01


def test_given_a_smaller_bucket_from_now_on_then_nobody_waits_for_the_larger_one() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    for _ in range(100):
        assert buckets.take("a", Rate(1, 100)) == 0
    assert buckets.take("a", Rate(1, 2)) == pytest.approx(1)
    clock.now += 2
    assert [buckets.take("a", Rate(1, 2)) for _ in range(2)] == [0, 0]


def test_given_more_who_ask_than_are_remembered_then_the_longest_unused_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "REMEMBERED", 10)
    buckets, rate = Buckets(Clock()), Rate(1, 1)
    for number in range(1000):
        assert buckets.take(str(number), rate) == 0
    assert len(buckets._full_at) == 10
    assert buckets.take("999", rate) > 0
    assert buckets.take("0", rate) == 0


def test_given_an_empty_bucket_then_stops_have_another_of_the_same_size() -> None:
    count = Counted()
    paces = Paces(Rates(Rate(0.5, 3)), count, clock=Clock())
    for _ in range(3):
        paces.let_in("a", "a")
    with pytest.raises(TooOften) as refused:
        paces.let_in("a", "a")
    assert refused.value.seconds == 2
    for _ in range(3):
        paces.let_in("a", "a", stops=True)
    with pytest.raises(TooOften):
        paces.let_in("a", "a", stops=True)
    assert count.why == [TurnedAway.TOO_OFTEN] * 2


def test_given_stops_while_the_common_bucket_holds_some_then_they_draw_on_that() -> None:
    paces = Paces(Rates(Rate(1, 3)), clock=Clock())
    for _ in range(3):
        paces.let_in("a", "a", stops=True)
    with pytest.raises(TooOften):
        paces.let_in("a", "a")
    for _ in range(3):
        paces.let_in("a", "a", stops=True)


def test_given_names_with_rates_of_their_own_then_others_have_the_usual_one() -> None:
    paces = Paces(Rates(Rate(1, 1), {"crm": Rate(1, 3)}), clock=Clock())
    for who in ("one", "two"):  # two keys of one name: each has a bucket
        for _ in range(3):
            paces.let_in(who, "crm")
        with pytest.raises(TooOften):
            paces.let_in(who, "crm")
    paces.let_in("three", "other")
    with pytest.raises(TooOften):
        paces.let_in("three", "other")


def test_given_the_defaults_then_fifty_screens_behind_one_user_are_never_refused() -> None:
    limits, clock = Limits(), Clock()
    paces = Paces(Rates(Rate(limits.user_per_second, limits.user_burst)), clock=clock)
    for _ in range(50 * 20):  # all at once, twenty each
        paces.let_in("6666", "6666")
    for _ in range(60):
        clock.now += 1
        for _ in range(50 * 4):
            paces.let_in("6666", "6666")


# ---- the JSON API --------------------------------------------------------------------------------


async def _refusals(service: Service) -> int:
    async with service.client.get("/metrics") as response:
        text = await response.text()
    (line,) = [one for one in text.splitlines() if 'refusals_total{kind="too_often"}' in one]
    return int(float(line.rpartition(" ")[2]))


async def test_given_a_key_that_asks_too_often_then_429_and_nothing_is_done() -> None:
    async with serving(**few(2)) as service:
        for _ in range(2):
            assert (await service.bird("GET", service.calls_path()))[0] == 200
        headers = {"Authorization": f"AccessKey {KEY}"}
        path = service.playback_path
        async with service.client.post(path, json=CLIP, headers=headers) as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "100"
            assert await response.json() == {
                "code": "rate_limited",
                "message": "this access key asks more often than it may",
            }
        assert not service.ledger.playbacks
        assert await _refusals(service) == 1
        assert (await service.bird("GET", service.calls_path(), key=READ_KEY))[0] == 200
        assert (await service.bird("GET", "/sounds", key=OTHER_KEY))[0] == 200


async def test_given_a_key_that_asks_too_often_then_it_is_told_so_whatever_it_asks() -> None:
    async with serving(**few(1)) as service:
        await service.bird("GET", service.calls_path())
        for method, path in [
            ("GET", "/sounds"),
            ("PUT", "/sounds/offer"),
            ("GET", f"/workspaces/{CHANNEL}/channels/{CHANNEL}/calls"),
            ("POST", f"/workspaces/{WORKSPACE}/media/check"),
            ("GET", "/vicidial/log"),
        ]:
            status, body = await service.bird(method, path)
            assert (status, body["code"]) == (429, "rate_limited")


@pytest.mark.parametrize(("method", "tail"), [("POST", "/stop"), ("DELETE", "")])
async def test_given_a_key_that_asks_too_often_then_it_can_still_stop_what_plays(
    method: str, tail: str
) -> None:
    async with serving(**few(1)) as service:
        assert (await service.bird("POST", service.playback_path, CLIP))[0] == 202
        assert (await service.bird("POST", service.playback_path + "/pause"))[0] == 429
        status, body = await service.bird(method, service.playback_path + tail)
        assert (status, body["endReason"]) == (200, "stopped")
        assert (await service.bird(method, service.playback_path + tail))[0] == 429


async def test_given_wrong_keys_then_they_draw_on_no_bucket() -> None:
    async with serving(**few(1)) as service:
        for key in ("", "wrong", f"{KEY}x"):
            assert (await service.bird("GET", service.calls_path(), key=key))[0] == 401
        assert (await service.bird("GET", service.calls_path()))[0] == 200


async def test_given_a_key_with_a_rate_of_its_own_and_a_reload_then_both_count_at_once() -> None:
    own = {"reader": {"per_second": 0.01, "burst": 3}}
    async with serving(**few(1, keys=own)) as service:
        for _ in range(3):
            assert (await service.bird("GET", "/sounds", key=READ_KEY))[0] == 200
        assert (await service.bird("GET", "/sounds", key=READ_KEY))[0] == 429
        assert (await service.bird("GET", "/sounds"))[0] == 200
        assert (await service.bird("GET", "/sounds"))[0] == 429
        reloaded = await service.reload(**few(5))
        assert reloaded.lines == ("[limits] is in force",)
        assert (await service.bird("GET", "/sounds"))[0] == 200


# ---- api.php -------------------------------------------------------------------------------------


async def test_given_a_user_who_asks_too_often_then_an_error_line_and_nothing_is_done() -> None:
    async with serving(**few(1)) as service:
        assert (await service.vicidial(stage="PAUSE")).startswith("ERROR: audio_playback error")
        assert await service.play() == TOO_MANY.format(stage="PLAY")
        assert not service.ledger.playbacks
        assert await _refusals(service) == 1
        assert "SUCCESS" in await service.play(user="1000")


async def test_given_a_user_who_asks_too_often_then_stop_still_works() -> None:
    async with serving(**few(1)) as service:
        assert "SUCCESS" in await service.play()
        assert await service.vicidial(stage="PAUSE") == TOO_MANY.format(stage="PAUSE")
        assert "SUCCESS" in await service.vicidial(stage="STOP")
        assert await service.vicidial(stage="STOP") == TOO_MANY.format(stage="STOP")


async def test_given_wrong_passwords_in_a_users_name_then_its_bucket_stays_full() -> None:
    async with serving(**few(1)) as service:
        for _ in range(3):
            assert "|BAD|" in await service.play(**{"pass": "wrong-one"})
        assert "SUCCESS" in await service.play()


async def test_given_the_stop_of_another_function_then_it_is_a_request_like_others() -> None:
    async with serving(**few(1)) as service:
        asked = {"function": "webserver", "stage": "STOP"}
        assert "Webserver Data" in await service.vicidial(**asked)
        line = "ERROR: webserver error - too many requests - STOP|1000\n"
        assert await service.vicidial(**asked) == line


async def test_given_what_needs_no_login_and_what_is_nothing_then_it_is_not_counted() -> None:
    async with serving(**few(1)) as service:
        for _ in range(3):
            assert (await service.vicidial(function="version")).startswith("VERSION")
            assert await service.vicidial(function="no_such") == ""
        assert "SUCCESS" in await service.play()


async def test_given_the_other_api_then_it_draws_on_the_same_bucket(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    users = [{"user": "6666", "password_hash": cheap_hash(PASSWORD), "level": 8}]
    tables: dict[str, Any] = {"users": users, "vicidial": {"sounds": {"folder": str(tmp_path)}}}
    query = {"source": "test", "user": "6666", "pass": PASSWORD, "function": "sounds_list"}
    query |= {"format": "tab", "stage": "name"}
    async with serving(**few(2), **tables) as service:
        said = []
        for _ in range(3):
            page = "/vicidial/non_agent_api.php"
            async with service.client.get(page, params=query) as response:
                assert response.status == 200
                said.append(await response.text())
        assert "a.wav" in said[0]
        assert said[2] == "ERROR: sounds_list error - too many requests: |6666|\n"
        assert await service.play() == TOO_MANY.format(stage="PLAY")


async def test_given_the_link_that_closes_the_window_then_it_comes_after_a_refusal_too() -> None:
    async with serving(**few(1)) as service:
        await service.play()
        assert "Close This Window" in await service.play(close_window_link="1")
