"""What VICIdial's own playback gets wrong, seen by experiment on the real thing: right here.

Where a line names no other file it is shown below; what an earlier file shows is not shown twice.

| what VICIdial does | shown by |
|---|---|
| two PLAYs in the same millisecond are mixed | `test_both_dialects` |
| ... and up to 100 ms apart | `..._one_after_the_other_...` |
| so are two overrides | `test_both_dialects`: `..._double_click_...` |
| one STOP then ends one of the two | `..._when_stopped_once_...` |
| STOP within 100 ms of PLAY is refused, and the clip runs on | `..._shortly_behind_a_play_...` |
| PLAY right after STOP is refused for 336 ms | `..._that_was_stopped_when_played_at_once_...` |
| PLAY right after the end is refused for 254 ms | `..._just_ended_when_played_at_once_...` |
| PAUSE twice resumes | `test_verbs_by_ear`: `..._paused_twice_...` |
| RESUME while playing pauses | `test_verbs_by_ear`: `..._when_resumed_then_it_does_not_rewind` |
| RESTART while paused does nothing | `test_verbs_by_ear`: `..._paused_clip_when_restarted_...` |
| a missing clip is SUCCESS | `test_both_dialects`: `..._does_not_exist_...` |
| a name of 100 characters is SUCCESS | `..._100_characters_...` |
| Asterisk dead is SUCCESS | `unit/test_vicidial_replies`: `..._out_of_reach_...` |
| ten rooms that start the same clip lose plays | `..._ten_rooms_...` |
| the first 40 ms are never heard | `test_verbs_by_ear`, `test_vicidial_dialplan` |
| two agents' rooms at once | `..._two_agents_rooms_...`, `test_vicidial_dialplan` |
| unknown stages are SUCCESS while something plays | `..._stage_is_unknown_...` |
| a POST without `value` takes the body's last field for it | `..._post_without_a_clip_...` |
"""

import asyncio
import time

from ears import hearing
from ears.ear import Ear, Frame
from real.room import NewRoom
from real.service import Screen, Service

from callcue import demo

SUCCESS = "SUCCESS: audio_playback function sent - "
ERROR = "ERROR: audio_playback error - "
ROOMS = 10
APART = (1, 20, 50, 100)
"""Milliseconds between two requests."""

PATIENCE = 0.15
"""Seconds from silence to the next clip: a leg that has ended plays two frames to their end."""


async def a_room(new_room: NewRoom, service: Service) -> tuple[Ear, Screen, str]:
    room = await new_room()
    ear = await room.party(agent=True)
    return ear, service.screen(room.agent), room.agent


def heard(frames: list[Frame]) -> set[int]:
    """Which of the two clips is in there."""
    loud = [frame for frame in frames if hearing.audible(frame)]
    return {hz for frame in loud for hz in (440, 1500) if hearing.strength(frame.samples, hz) > 500}


def _is_over(frames: list[Frame]) -> bool:
    return 440 in heard(frames) and not hearing.audible(frames[-1])


async def test_given_two_plays_one_after_the_other_when_both_arrive_then_one_clip_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    async def plays(milliseconds: int) -> None:
        ear, screen, _ = await a_room(new_room, service)
        start = time.monotonic()

        first = asyncio.create_task(screen.play("low"))
        await asyncio.sleep(milliseconds / 1000)
        second = await screen.play("high")
        await ear.listen(0.4)

        played, refused, pitch = await first, second, 440
        if milliseconds == 1 and second.startswith(SUCCESS):  # its connection was the quicker one
            played, refused, pitch = second, await first, 1500
        assert played.startswith(SUCCESS), milliseconds
        assert refused.startswith(f"{ERROR}audio already playing"), milliseconds
        assert heard(ear.since(start)) == {pitch}, milliseconds

    await asyncio.gather(*map(plays, APART))


async def test_given_a_double_click_when_stopped_once_then_all_is_silent(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen, agent = await a_room(new_room, service)
    await asyncio.gather(*(screen.play("low", override=True) for _ in range(2)))
    await ear.listen(0.2)

    assert await screen.stage("STOP") == f"{SUCCESS}|STOP|{agent}"

    assert hearing.falls_silent(await ear.listen(0.4))
    assert "no audio playing" in await screen.stage("STOP")


async def test_given_a_stop_shortly_behind_a_play_then_it_is_silent_and_stays_so(
    new_room: NewRoom, service: Service
) -> None:
    async def stops(milliseconds: int) -> None:
        ear, screen, agent = await a_room(new_room, service)

        playing = asyncio.create_task(screen.play("sweep"))
        await asyncio.sleep(milliseconds / 1000)
        stopped = await screen.stage("STOP")
        played = await playing
        if "no audio playing" in stopped:  # so early that the PLAY had not come yet: it is true
            assert milliseconds == 1
            stopped = await screen.stage("STOP")

        assert stopped == f"{SUCCESS}|STOP|{agent}", milliseconds
        assert played.startswith((SUCCESS, f"{ERROR}audio not started")), milliseconds
        assert hearing.falls_silent(await ear.listen(0.5)), milliseconds

    await asyncio.gather(*map(stops, APART))


async def test_given_a_clip_that_was_stopped_when_played_at_once_then_it_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen, agent = await a_room(new_room, service)
    for _ in range(3):
        await screen.play("low")
        await ear.listen(0.1)
        assert await screen.stage("STOP") == f"{SUCCESS}|STOP|{agent}"
        again = time.monotonic()
        assert await screen.play("high") == f"{SUCCESS}high|PLAY|{agent}"
        await ear.listen(0.2)
        assert 1500 in heard(ear.since(again))
        await screen.stage("STOP")


async def test_given_a_clip_that_has_just_ended_when_played_at_once_then_it_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen, agent = await a_room(new_room, service)
    for _ in range(3):
        start = time.monotonic()
        assert await screen.play("blink") == f"{SUCCESS}blink|PLAY|{agent}"
        # From the first frame of silence on: that is what a person reacts to, if quickly.
        await ear.until(lambda start=start: _is_over(ear.since(start)))  # type: ignore[misc]
        again, answer, tries = time.monotonic(), "", 0
        while not answer.startswith(SUCCESS):
            answer, tries = await screen.play("high"), tries + 1
            assert time.monotonic() - again < PATIENCE, (answer, tries)
        await ear.listen(0.2)
        assert 1500 in heard(ear.since(again))
        await screen.stage("STOP")
        await ear.until(lambda: not hearing.audible(ear.frames[-1]))


async def test_given_a_name_of_100_characters_when_played_then_no_such_file(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen, agent = await a_room(new_room, service)
    name, start = "n" * 100, time.monotonic()

    assert await screen.play(name) == f"{ERROR}audio file not found - {name}|PLAY|{agent}"
    await ear.listen(0.2)

    assert heard(ear.since(start)) == set()


async def test_given_ten_rooms_when_the_same_clip_starts_in_all_at_once_then_all_hear_it_all(
    new_room: NewRoom, service: Service
) -> None:
    rooms = await asyncio.gather(*(a_room(new_room, service) for _ in range(ROOMS)))
    for _ in range(3):
        start = time.monotonic()

        answers = await asyncio.gather(*(screen.play("short-low") for _, screen, _ in rooms))
        await asyncio.gather(*(ear.listen(0.6) for ear, _, _ in rooms))

        assert answers == [f"{SUCCESS}short-low|PLAY|{agent}" for _, _, agent in rooms]
        for ear, _, _ in rooms:
            # 300 ms are 15 frames; a busy machine may lose one or two.
            assert sum(hearing.audible(frame) for frame in ear.since(start)) >= 13


async def test_given_two_agents_rooms_when_both_play_at_once_then_each_hears_its_own(
    new_room: NewRoom, service: Service
) -> None:
    (low, her, _), (high, his, _) = await asyncio.gather(
        *(a_room(new_room, service) for _ in range(2))
    )
    start = time.monotonic()

    answers = await asyncio.gather(her.play("low"), his.play("high"))
    await asyncio.gather(low.listen(0.4), high.listen(0.4))
    assert all(answer.startswith(SUCCESS) for answer in answers)
    assert (heard(low.since(start)), heard(high.since(start))) == ({440}, {1500})

    await her.stage("STOP")
    stopped = time.monotonic()
    await asyncio.gather(low.listen(0.3), high.listen(0.3))
    assert hearing.falls_silent(low.since(stopped))
    assert heard(high.since(stopped)) == {1500}


async def test_given_a_clip_that_plays_when_a_stage_is_unknown_then_not_valid_and_it_plays_on(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen, agent = await a_room(new_room, service)
    await screen.play("sweep")

    assert await screen.stage("REWIND") == (f"ERROR: audio_playback not valid - |REWIND|{agent}")

    assert hearing.audible((await ear.listen(0.2))[-1])


async def test_given_a_post_without_a_clip_when_played_then_no_other_field_is_taken_for_it(
    new_room: NewRoom, service: Service
) -> None:
    ear, _, agent = await a_room(new_room, service)
    start = time.monotonic()
    body = {
        "source": "test",
        "user": demo.USER,
        "pass": demo.PASSWORD,
        "agent_user": agent,
        "function": "audio_playback",
        "stage": "PLAY",
        "dial_override": "low",
    }

    async with service.http.post(f"{service.url}/agc/api.php", data=body) as response:
        answer = await response.text()
    await ear.listen(0.1)

    assert answer == f"ERROR: audio_playback not valid - |PLAY|{agent}\n"
    assert heard(ear.since(start)) == set()
