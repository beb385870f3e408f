"""api.php over VICIdial's own database: who may, which room, and what is said when it is away."""

import asyncio
import time
from typing import Any

import pytest
from fakes.service import HOST, ROOM, Service, cheap_hash, serving
from fakes.service import PASSWORD as PASSWORD_OF_OURS
from real import vicidial_tables
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from real.vicidial_tables import add, hashed

from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser
from callcue.core.ports import AgentSession
from callcue.core.types import Conference, Place
from callcue.store.store import Store

SECOND_IP = "10.10.10.16"
SUCCESS = "SUCCESS: audio_playback function sent - "
FRONTER = {"function": "force_fronter_audio_stop", "value": "LOCAL_ONLY"}
AWAY = "ERROR: audio_playback error - agent database unavailable - PLAY|2000\n"


def database(server: MariaDB, **more: Any) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "name": NAME,
        "user": USER,
        "password": PASSWORD,
        "timeout_seconds": 0.5,
        **more,
    }


def vicidial(server: MariaDB, **more: Any) -> dict[str, Any]:
    return {"database": database(server), "servers": {SECOND_IP: "main"}, **more}


def logged_in(server: MariaDB, agent: str, room: str, address: str = HOST, lead: int = 0) -> None:
    add(
        server,
        "vicidial_live_agents",
        user=agent,
        conf_exten=room,
        server_ip=address,
        lead_id=lead,
        last_call_time="2026-01-01 00:00:00",
    )


def room(service: Service, number: str) -> None:
    """A room with somebody in it, and no word of an agent."""
    service.telephony.directory.enter(number, f"PJSIP/{number}-1")


# ---- who may -----------------------------------------------------------------------------------


async def test_given_vicidials_users_when_they_ask_then_they_are_let_in(tables: MariaDB) -> None:
    vicidial_tables.hash_passwords(tables)
    add(tables, "vicidial_users", user="8888", pass_hash=hashed("Their.pass1"))
    add(tables, "vicidial_users", user="9999", pass_hash=hashed("x1"), vdc_agent_api_access="0")
    async with serving(vicidial=vicidial(tables)) as service:
        their = {"user": "8888", "pass": "Their.pass1"}
        assert await service.play(**their) == f"{SUCCESS}ss-noservice|PLAY|1000\n"
        wrong = "ERROR: Invalid Username/Password: "
        assert await service.play(user="8888", **{"pass": "Their.pass2"}) == (
            f"{wrong}|8888||0|0|BAD|\n"
        )
        assert await service.play(user="9999", **{"pass": "x1"}) == f"{wrong}|9999||1|0|GOOD|\n"
        # The settings' own users are there as before.
        assert await service.vicidial(stage="STOP") == f"{SUCCESS}|STOP|1000\n"


async def test_given_a_user_whom_vicidial_has_locked_then_lock_and_no_failure_is_counted(
    tables: MariaDB,
) -> None:
    add(tables, "vicidial_users", user="8888", **{"pass": "1234"}, failed_login_count=10)
    tables.do("UPDATE vicidial_users SET last_login_date = NOW()")
    async with serving(vicidial=vicidial(tables)) as service:
        for password in ("1234", *["wrong"] * 10):
            answer = await service.play(user="8888", **{"pass": password})
            assert answer == "ERROR: Invalid Username/Password: |8888||0|0|LOCK|\n"
        # From the same address, for the first time.
        assert (await service.play()).startswith(SUCCESS)


@pytest.mark.parametrize(("entry", "answer"), [("127.0.0.x", SUCCESS), ("10.1.2.3", "IPBLOCK|")])
async def test_given_a_list_of_addresses_when_asked_from_elsewhere_then_blocked(
    tables: MariaDB, entry: str, answer: str
) -> None:
    tables.do("UPDATE system_settings SET allow_ip_lists = '1'")
    add(tables, "vicidial_users", user="8888", user_group="SALES", **{"pass": "1234"})
    add(tables, "vicidial_user_groups", user_group="SALES", api_ip_list="OFFICE")
    add(tables, "vicidial_ip_list_entries", ip_list_id="OFFICE", ip_address=entry)
    async with serving(vicidial=vicidial(tables)) as service:
        assert answer in await service.play(user="8888", **{"pass": "1234"})


async def test_given_that_users_shall_not_be_read_then_they_are_strangers(tables: MariaDB) -> None:
    add(tables, "vicidial_users", user="8888", **{"pass": "1234"})
    settings = vicidial(tables, database=database(tables, users=False))
    async with serving(vicidial=settings) as service:
        answer = await service.play(user="8888", **{"pass": "1234"})
        assert answer == "ERROR: Invalid Username/Password: |8888||0|0|BAD|\n"


async def test_given_vicidials_switch_off_then_not_active(tables: MariaDB) -> None:
    tables.do("UPDATE system_settings SET vdc_agent_api_active = '0'")
    async with serving(vicidial=vicidial(tables)) as service:
        assert await service.play() == "ERROR: System API NOT ACTIVE\n"


async def test_given_an_alt_user_of_vicidial_then_the_agent_is_found(tables: MariaDB) -> None:
    add(tables, "vicidial_users", user="2000", custom_three="crm2")
    logged_in(tables, "2000", "8600052")
    async with serving(vicidial=vicidial(tables)) as service:
        room(service, "8600052")
        answer = await service.play(agent_user="", alt_user="crm2")
        assert answer == f"{SUCCESS}ss-noservice|PLAY|2000\n"


# ---- which room --------------------------------------------------------------------------------


async def test_given_an_agent_of_the_database_when_played_to_then_into_that_room(
    tables: MariaDB,
) -> None:
    logged_in(tables, "2000", "8600052", SECOND_IP)
    async with serving(vicidial=vicidial(tables)) as service:
        room(service, "8600052")
        assert await service.play(agent_user="2000") == f"{SUCCESS}ss-noservice|PLAY|2000\n"
        (started,) = service.telephony.player.started
        assert started.place == Conference("main", "8600052")
        # The address is VICIdial's, as its own answers have it.
        assert await service.play(agent_user="2000") == (
            "ERROR: audio_playback error - audio already playing in agent session"
            f" - 8600052|{SECOND_IP}|PLAY||2000\n"
        )


async def test_given_several_sources_then_the_agents_own_channel_goes_first_and_the_table_last(
    tables: MariaDB,
) -> None:
    logged_in(tables, "1000", "8600052")
    logged_in(tables, "3000", "8600053")
    async with serving(vicidial=vicidial(tables)) as service:
        room(service, "8600053")
        agents = service.telephony.directory.agents
        agents["3000"] = AgentSession(Conference("main", "8600999"), "settings")
        agents["4000"] = AgentSession(Conference("main", ROOM), "settings")
        for agent, number in (("1000", ROOM), ("3000", "8600053"), ("4000", ROOM)):
            answer = await service.vicidial(agent_user=agent, stage="STOP")
            assert f"|STOP|{agent}" in answer
            assert f" - {number}|" in answer


@pytest.mark.parametrize(
    ("number", "address", "answer"),
    [
        ("", HOST, "ERROR: audio_playback error - entry is empty - PLAY|2000\n"),
        ("86000", HOST, "ERROR: audio_playback error - entry is empty - PLAY|2000\n"),
        ("8600052", "1.2", "ERROR: audio_playback error - entry is empty - PLAY|2000\n"),
        (
            "8600052",
            "10.9.9.9",
            "ERROR: audio_playback error - telephony server unknown - 10.9.9.9|PLAY|2000\n",
        ),
    ],
)
async def test_given_a_seat_that_is_of_no_use_then_the_answer_says_which(
    tables: MariaDB, number: str, address: str, answer: str
) -> None:
    logged_in(tables, "2000", number, address)
    async with serving(vicidial=vicidial(tables)) as service:
        assert await service.play(agent_user="2000") == answer


async def test_given_an_agent_who_logs_out_then_that_is_known_within_a_second(
    tables: MariaDB,
) -> None:
    logged_in(tables, "2000", "8600052")
    async with serving(vicidial=vicidial(tables)) as service:
        room(service, "8600052")
        assert (await service.play(agent_user="2000")).startswith("SUCCESS")
        tables.do("DELETE FROM vicidial_live_agents")
        before = time.monotonic()
        while "not logged in" not in await service.vicidial(agent_user="2000", stage="PAUSE"):
            await asyncio.sleep(0.01)
        assert time.monotonic() - before < 1.3


# ---- away and back -------------------------------------------------------------------------------


async def test_given_the_database_stops_and_starts_in_mid_run_then_answers_and_no_faults(
    tables: MariaDB,
) -> None:
    add(tables, "vicidial_users", user="8888", **{"pass": "1234"})
    logged_in(tables, "2000", "8600052")
    settings = vicidial(tables, database=database(tables, users=False))
    async with serving(vicidial=settings) as service, serving(vicidial=vicidial(tables)) as other:
        room(service, "8600052")
        their = {"user": "8888", "pass": "1234"}
        assert (await other.play(**their)).startswith("SUCCESS")
        assert (await service.play(agent_user="2000")).startswith("SUCCESS")
        tables.stop()
        try:
            await asyncio.sleep(1.0)  # as long as what was looked up may be believed
            assert await service.play(agent_user="2000") == AWAY
            # Whom a better source knows is played to all the same.
            assert await service.play() == f"{SUCCESS}ss-noservice|PLAY|1000\n"
            assert await other.play(**their) == (
                "ERROR: Invalid Username/Password: |8888||0|0|ERRSERVERS|\n"
            )
        finally:
            tables.start()
        assert "already playing" in await service.play(agent_user="2000")
        assert "already playing" in await other.play(**their)


async def test_given_a_database_that_hangs_then_an_answer_within_the_limit(
    tables: MariaDB,
) -> None:
    add(tables, "vicidial_users", user="8888", **{"pass": "1234"})
    async with serving(vicidial=vicidial(tables)) as service:
        assert (await service.play()).startswith("SUCCESS")
        await asyncio.sleep(1.0)  # as long as what was looked up may be believed
        tables.freeze()
        try:
            before = time.monotonic()
            answers = await asyncio.gather(*(service.play(agent_user="2000") for _ in range(20)))
            assert set(answers) == {AWAY}
            refused = await service.play(user="8888", **{"pass": "1234"})
            assert refused == "ERROR: Invalid Username/Password: |8888||0|0|ERRSERVERS|\n"
            assert time.monotonic() - before < 1.5  # the limit is 0.5, and there were two
        finally:
            tables.thaw()
        async with asyncio.timeout(2):
            while "not logged in" not in await service.play(agent_user="2000"):
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ["stop", "freeze"])
async def test_given_the_database_goes_away_then_whom_it_does_not_keep_stop_what_plays_at_once(
    tables: MariaDB, way: str
) -> None:
    store = Store()
    async with serving(store, vicidial=vicidial(tables)) as service:
        store.users.take([ApiUser("ann", Argon2(cheap_hash(PASSWORD_OF_OURS)))])
        assert (await service.play()).startswith("SUCCESS")
        await asyncio.sleep(1.0)  # as long as what was looked up may be believed
        getattr(tables, way)()
        try:
            before = time.monotonic()
            took = [await _seconds(service, "PAUSE"), await _seconds(service, "STOP", "ann")]
            while time.monotonic() - before < 2.5:
                took += [await _seconds(service, "STOP", user) for user in ("6666", "ann")]
        finally:
            tables.thaw() if way == "freeze" else tables.start()
        # The first one waits for the limit, which is 0.5; then one in a second, for a moment.
        assert max(took) < 1.0
        assert sum(seconds > 0.09 for seconds in took) < len(took) / 20


async def _seconds(service: Service, stage: str, user: str = "6666") -> float:
    """How long it took."""
    before = time.monotonic()
    answer = await service.vicidial(stage=stage, user=user)
    assert answer.startswith(SUCCESS) or "no audio playing" in answer
    return time.monotonic() - before


async def test_given_vicidials_switch_off_when_the_database_is_away_then_the_settings_decide(
    tables: MariaDB,
) -> None:
    not_active = "ERROR: System API NOT ACTIVE\n"
    tables.do("UPDATE system_settings SET vdc_agent_api_active = '0'")
    shut = vicidial(tables, active=False)
    async with serving(vicidial=vicidial(tables)) as service, serving(vicidial=shut) as other:
        assert await service.vicidial(stage="STOP") == not_active
        tables.stop()
        try:
            await _comes(service, "no audio playing")
            assert await other.vicidial(stage="STOP") == not_active
        finally:
            tables.start()
        await _comes(service, not_active)
        tables.do("UPDATE system_settings SET vdc_agent_api_active = '1'")
        await _comes(service, "no audio playing")


async def _comes(service: Service, answer: str) -> None:
    """Within a second STOP is answered so."""
    async with asyncio.timeout(1.5):
        while answer not in await service.vicidial(stage="STOP"):
            await asyncio.sleep(0.01)


async def test_given_the_database_is_away_when_an_alt_user_is_looked_for_then_that_is_said(
    tables: MariaDB,
) -> None:
    async with serving(vicidial=vicidial(tables)) as service:
        tables.stop()
        try:
            # Whom the settings know is found all the same.
            assert (await service.play(alt_user="crm1")).startswith("SUCCESS")
            assert await service.play(agent_user="2000", alt_user="crm2") == AWAY
        finally:
            tables.start()


# ---- the context of VICIdial's dialplan ----------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "context"), [({}, "outbound"), ({"context": "own-one"}, "own-one")]
)
async def test_given_the_join_through_vicidials_dialplan_then_its_context_is_known(
    tables: MariaDB, settings: dict[str, str], context: str
) -> None:
    add(tables, "servers", server_ip=SECOND_IP, ext_context="outbound")
    table = vicidial(tables, join="dialplan", **settings)
    async with serving(vicidial=table, asterisk={"host": SECOND_IP, "secret": "s"}) as service:
        assert service.telephony.room_context is not None
        assert await service.telephony.room_context("main") == context


async def test_given_the_database_is_away_then_a_play_that_needs_the_context_is_refused_alone(
    tables: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = vicidial(tables, join="dialplan")
    add(tables, "servers", server_ip=HOST)
    async with serving(vicidial=table) as service:

        async def check(place: Place, _: object) -> str:
            assert service.telephony.room_context is not None
            await service.telephony.room_context(place.server)
            return "room"

        monkeypatch.setattr(service.telephony.player, "check", check)
        assert (await service.play()).startswith(SUCCESS)
        tables.stop()
        try:
            await asyncio.sleep(1.0)  # as long as what was looked up may be believed
            # An override leaves alone what plays.
            assert await service.play(dial_override="Y") == (
                "ERROR: audio_playback error - audio not started - VICIdial's database,"
                " which has the dialplan's context, does not answer|PLAY|1000\n"
            )
            for stage in ("PAUSE", "RESUME", "RESTART", "STOP"):
                assert await service.vicidial(stage=stage) == f"{SUCCESS}|{stage}|1000\n"
            assert "audio not started" in await service.play()
        finally:
            tables.start()
        async with asyncio.timeout(1.5):
            while not (await service.play()).startswith(SUCCESS):
                await asyncio.sleep(0.02)


# ---- force_fronter_audio_stop --------------------------------------------------------------------


async def test_given_a_fronter_whose_clip_plays_when_the_closer_asks_then_it_stops(
    tables: MariaDB,
) -> None:
    logged_in(tables, "2000", "8600052", lead=77)
    logged_in(tables, "1000", ROOM, lead=77)
    async with serving(vicidial=vicidial(tables)) as service:
        await service.play()
        answer = await service.vicidial(**FRONTER, agent_user="2000", stage="x")
        assert answer == (
            "SUCCESS: force_fronter_audio_stop function sent - LOCAL_ONLY|x|2000|1000\n"
        )
        again = await service.vicidial(**FRONTER, agent_user="2000")
        assert again == (
            "ERROR: force_fronter_audio_stop error - no audio playing in other agent session"
            f" - {ROOM}|{HOST}||2000|1000\n"
        )
        assert "no audio playing" in await service.vicidial(stage="STOP")


async def test_given_another_cluster_when_it_names_the_lead_then_the_fronter_here_is_silenced(
    tables: MariaDB,
) -> None:
    logged_in(tables, "1000", ROOM, lead=77)
    async with serving(vicidial=vicidial(tables)) as service:
        await service.play()
        remote = {**FRONTER, "value": "CCC_REMOTE", "agent_user": "CCC_REMOTE"}
        assert await service.vicidial(**remote, lead_id="77") == (
            "SUCCESS: force_fronter_audio_stop function sent - CCC_REMOTE||CCC_REMOTE|1000\n"
        )
        for lead in ("78", "0", "9" * 5000):
            answer = await service.vicidial(**remote, lead_id=lead)
            assert answer == "ERROR: no fronter found - CCC_REMOTE\n"


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"value": ""}, "ERROR: force_fronter_audio_stop not valid - |2000"),
        ({"value": "local_only"}, "ERROR: force_fronter_audio_stop not valid - local_only|2000"),
        ({"agent_user": ""}, "ERROR: force_fronter_audio_stop not valid - LOCAL_ONLY|"),
        ({"agent_user": "5000"}, "ERROR: agent_user is not logged in - 5000"),
        ({"agent_user": "2001"}, "ERROR: agent_user is not on a phone call - 2001"),
        ({"value": "CCC_REMOTE"}, "ERROR: no fronter found - 2000"),
        (
            {"value": "CCC_REMOTE", "agent_user": "5000"},
            "ERROR: agent_user is not on a phone call - 5000",
        ),
        ({}, "ERROR: no fronter found - 2000"),
        (
            {"alt_user": "nobody"},
            "ERROR: no user found - nobody\nERROR: no fronter found - 2000",
        ),
        (
            {"value": "LOCAL_AND_CCC", "stage": "s"},
            "ERROR: force_fronter_audio_stop error - fronter is on another cluster"
            " - LOCAL_AND_CCC|s|2000",
        ),
        (
            {"agent_user": "2002"},
            "ERROR: force_fronter_audio_stop error - no fronter session found - |2002|2003",
        ),
        (
            {"agent_user": "2004"},
            "ERROR: force_fronter_audio_stop error - telephony server unknown"
            " - 10.9.9.9||2004|2005",
        ),
        (
            {"user": "7777"},
            "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION"
            " - LOCAL_ONLY|7777|force_fronter_audio_stop|SALES",
        ),
    ],
    ids=str,
)
async def test_given_no_fronter_to_silence_then_vicidials_own_words(
    tables: MariaDB, given: dict[str, str], answer: str
) -> None:
    logged_in(tables, "2000", "8600052", lead=77)
    logged_in(tables, "2001", "8600052")
    logged_in(tables, "2002", "8600052", lead=80)
    logged_in(tables, "2003", "86", lead=80)
    logged_in(tables, "2004", "8600052", lead=81)
    logged_in(tables, "2005", "8600055", "10.9.9.9", lead=81)
    add(tables, "vicidial_ccc_log", lead_id=77, remote_lead_id=5)
    async with serving(vicidial=vicidial(tables)) as service:
        assert await service.vicidial(**{**FRONTER, "agent_user": "2000", **given}) == f"{answer}\n"


async def test_given_no_agents_database_then_the_function_is_not_ours(tables: MariaDB) -> None:
    settings = vicidial(tables, database=database(tables, agents=False))
    async with serving(vicidial=settings) as service:
        assert await service.vicidial(**FRONTER) == ""


async def test_given_the_database_is_away_when_a_fronter_is_looked_for_then_that_is_said(
    tables: MariaDB,
) -> None:
    settings = vicidial(tables, database=database(tables, users=False))
    async with serving(vicidial=settings) as service:
        tables.stop()
        try:
            assert await service.vicidial(**FRONTER, stage="s") == (
                "ERROR: force_fronter_audio_stop error - agent database unavailable - s|1000\n"
            )
        finally:
            tables.start()
