"""Two dialects, one session: what one starts the other sees, pauses and stops."""

import asyncio
import time

from ears import clips, hearing
from real.pbx import Pbx
from real.room import NewRoom
from real.service import Service


async def test_given_a_clip_of_one_dialect_when_the_other_pauses_and_stops_it_then_it_obeys(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen, integrator = service.screen(room.agent), service.integrator(ear.id)

    await screen.play("sweep")
    await ear.listen(0.3)
    seen = await integrator.status()
    assert (seen["state"], seen["media"]) == ("playing", ["sound:sweep"])

    assert (await integrator.control("pause"))["state"] == "paused"
    assert (await screen.stage("RESUME")).startswith("SUCCESS")
    assert (await integrator.status())["state"] == "playing"
    await integrator.control("stop")

    assert "no audio playing in agent session" in await screen.stage("STOP")
    assert hearing.falls_silent(await ear.listen(0.3))


async def test_given_a_clip_of_the_json_api_when_the_screen_plays_then_it_is_busy_and_can_stop_it(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen, integrator = service.screen(room.agent), service.integrator(ear.id)
    await integrator.play("sweep")
    await ear.listen(0.3)

    busy = await screen.play("low")
    stopped = await screen.stage("STOP")

    assert busy.startswith(
        f"ERROR: audio_playback error - audio already playing in agent session - {room.number}|"
    )
    assert stopped == f"SUCCESS: audio_playback function sent - |STOP|{room.agent}"
    assert (await integrator.refused("pause"))[0] == 409


async def test_given_two_plays_in_the_same_millisecond_when_both_arrive_then_one_clip_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen = service.screen(room.agent)
    start = time.monotonic()

    answers = await asyncio.gather(screen.play("low"), screen.play("high"))
    await ear.listen(0.5)

    assert sorted(answer.split(":")[0] for answer in answers) == ["ERROR", "SUCCESS"]
    frames = [f for f in ear.since(start) if hearing.audible(f)]
    heard = {hz for f in frames for hz in (440, 1500) if hearing.strength(f.samples, hz) > 500}
    assert len(heard) == 1


async def test_given_a_double_click_when_both_override_then_never_two_clips(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen = service.screen(room.agent)
    start = time.monotonic()

    await asyncio.gather(screen.play("low", override=True), screen.play("high", override=True))
    await ear.listen(0.5)

    frames = ear.since(start)
    both = [f for f in frames if min(hearing.strength(f.samples, hz) for hz in (440, 1500)) > 500]
    assert both == []
    assert hearing.audible(frames[-1])


async def test_given_a_clip_that_does_not_exist_when_played_then_both_dialects_say_so(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    start = time.monotonic()

    answer = await service.screen(room.agent).play("no-such-clip")
    status, body = await service.integrator(ear.id).play("sweep", "no-such-clip")
    await ear.listen(0.3)

    assert answer == (
        f"ERROR: audio_playback error - audio file not found - no-such-clip|PLAY|{room.agent}"
    )
    assert (status, list(body["details"])) == (422, ["$.media[1]"])
    assert not [f for f in ear.since(start) if hearing.audible(f)]


async def test_given_a_clip_that_plays_when_overridden_by_a_missing_one_then_it_plays_on(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen = service.screen(room.agent)
    await screen.play("sweep")
    await ear.listen(0.3)

    answer = await screen.play("no-such-clip", override=True)
    after = time.monotonic()
    await ear.listen(0.3)

    assert "audio file not found" in answer
    # A frame may come late on a busy machine; a clip that was stopped is silent from here on.
    assert sum(hearing.audible(f) for f in ear.since(after)) >= 12


async def test_given_a_stop_right_behind_a_play_when_both_arrive_then_hardly_a_frame_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen = service.screen(room.agent)
    start = time.monotonic()

    playing = asyncio.create_task(screen.play("low"))
    await asyncio.sleep(0.001)
    stopped = await screen.stage("STOP")
    played = await playing
    await ear.listen(0.5)

    assert stopped.startswith(("SUCCESS", "ERROR: audio_playback error - no audio playing"))
    assert played.startswith(("SUCCESS", "ERROR: audio_playback error - audio not started"))
    if stopped.startswith("SUCCESS"):
        assert sum(hearing.audible(f) for f in ear.since(start)) <= 2


async def test_given_a_sound_that_was_there_a_moment_ago_when_played_then_not_found(
    new_room: NewRoom, service: Service, pbx: Pbx
) -> None:
    room = await new_room()
    await room.party(agent=True)
    screen = service.screen(room.agent)
    sound = pbx.sounds / "fleeting.wav"
    clips.write_wav(sound, clips.tone(440, 0.1))
    assert (await screen.play("fleeting")).startswith("SUCCESS")
    await screen.stage("STOP")

    sound.unlink()
    answer = await screen.play("fleeting")

    assert answer == (
        f"ERROR: audio_playback error - audio file not found - fleeting|PLAY|{room.agent}"
    )
