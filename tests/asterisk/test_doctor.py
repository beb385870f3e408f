"""`callcue doctor` against the real thing: nothing to say of a healthy one, and every fault found.

A fault is planted in the configuration of the Asterisk that runs, and taken out again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from ears import hearing
from real.hand import Hand
from real.pbx import Pbx
from real.process import CALLCUE, free_port
from real.room import NewRoom
from real.service import Service, running_service, table

from callcue.app_doctor import examine_all
from callcue.asterisk.doctor.finding import Finding, Verdict
from callcue.settings import Settings
from callcue.settings.tables import Asterisk

MANAGER, PLAYER, CONFBRIDGE = (
    "callcue-manager.conf",
    "callcue-player.conf",
    "callcue-confbridge.conf",
)
CONF = Path(__file__).parents[2] / "asterisk-conf"
RELOAD = {
    MANAGER: "manager reload",
    PLAYER: "dialplan reload",
    CONFBRIDGE: "module reload app_confbridge.so",
}
CLOCK, LATE_CLOCK = "Clock: ${STRFTIME(,,%s%3q)}", "Clock: $[${STRFTIME(,,%s%3q)} - 9000]"


@dataclass(frozen=True)
class Fault:
    """What is wrong, and which checks must say so; no other one may."""

    mend: set[str]
    said: str
    """Words of the findings."""
    file: str = ""
    old: str = ""
    """A text of that file; empty is all of it."""
    new: str = ""
    unload: str = ""
    """A module."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of `[asterisk]`."""


def of_user(check: str, old: str, new: str, said: str) -> Fault:
    """In the AMI user's part."""
    return Fault({check}, said, MANAGER, old, new)


def of_player(old: str, new: str, said: str, check: str = "dialplan") -> Fault:
    """In the player dialplan."""
    return Fault({check}, said, PLAYER, old, new)


def of_settings(check: str, said: str, **asterisk: Any) -> Fault:
    """On our own side."""
    return Fault({check}, said, settings=asterisk)


def without(module: str) -> Fault:
    """One module less."""
    return Fault({"modules"}, f"load={module}.so", unload=f"{module}.so")


FAULTS = {
    "another port": of_settings("connection", "nobody listens", port=1),
    "TLS where there is none": of_settings("connection", "set tls = false", tls=True),
    "wrong secret": of_settings("login", "secret=", secret="wrong"),
    "wrong user": of_settings("login", "[nobody]", username="nobody"),
    "address not permitted": of_user("login", "permit=127.0.0.1/", "permit=10.9.8.7/", "permit="),
    "no read=system": of_user("read=system", "read=system,", "read=", "add system"),
    "no read=call": of_user("read=call", "system,call,user", "system,user", "add call"),
    "no read=user": of_user("read=user", "call,user,", "call,", "add user to read="),
    "no read=dialplan": of_user("read=dialplan", "user,dialplan", "user", "add dialplan"),
    "no write=call": of_user("write=call", "write=call,", "write=", "may not send Redirect"),
    "no write=originate": of_user("write=originate", "call,originate,", "call,", "Originate"),
    "no write=reporting": of_user("write=reporting", "originate,reporting", "originate", "Show"),
    "an event left out": of_user("events", "ChanSpyStop", "X", "do not come: ChanSpyStop"),
    "no event filter": of_user("filter", "eventfilter", ";", "Newexten"),
    "no player dialplan": of_player("", "", "is not included"),
    "an old player dialplan": of_player("exten = doctor,", "exten = old,", "is older"),
    "another player dialplan": of_player("Revision: ", "Revision: x", "another callcue"),
    "a clock that is late": of_player(CLOCK, LATE_CLOCK, "9.0 s behind", "clock"),
    "no profile of the leg": Fault({"rooms"}, "callcue-confbridge.conf", CONFBRIDGE),
    "no app_chanspy": without("app_chanspy"),
    "no app_exec": without("app_exec"),
    "no app_userevent": without("app_userevent"),
    "no func_cut": without("func_cut"),
    "no func_volume": without("func_volume"),
    "clips out of sight": of_settings("media", "media_folder", media_folder="elsewhere"),
}


@pytest_asyncio.fixture
async def planted(pbx: Pbx, hand: Hand, request: pytest.FixtureRequest) -> AsyncIterator[Fault]:
    """A fault, for as long as the test lasts."""
    fault: Fault = request.param
    file = Path(pbx.directory) / "etc" / (fault.file or MANAGER)
    sound = file.read_text()
    if fault.file:
        assert fault.old in sound
        file.write_text(sound.replace(fault.old, fault.new) if fault.old else "")
        await command(hand, RELOAD[fault.file])
    if fault.unload:
        await module(hand, fault.unload, "unload")
    yield fault
    if fault.unload:
        await module(hand, fault.unload, "load")
    await hand.hang_up("hear@callcue-probe")  # of one who may not do so
    if fault.file:
        file.write_text(sound)
        await command(hand, RELOAD[fault.file])


async def command(hand: Hand, text: str) -> None:
    reply = await hand.do("Command", Command=text)
    assert reply["Response"] == "Success", reply


async def module(hand: Hand, name: str, what: str) -> None:
    reply = await hand.do("ModuleLoad", Module=name, LoadType=what)
    assert reply["Response"] == "Success", reply


async def findings(
    pbx: Pbx, http: Mapping[str, Any] | None = None, **asterisk: Any
) -> tuple[Finding, ...]:
    settings = Settings.model_validate(
        {
            "asterisk": {**table("main", pbx), **asterisk},
            "http": http or {},
            "media": {"folder": str(pbx.sounds / "callcue")},
        }
    )
    return (await examine_all(settings, settings.asterisk))["main"]


@pytest.mark.parametrize("planted", FAULTS.values(), ids=list(FAULTS), indirect=True)
async def test_given_a_planted_fault_then_the_doctor_finds_it_and_nothing_else(
    pbx: Pbx, planted: Fault
) -> None:
    found = await findings(pbx, **planted.settings)

    to_mend = [one for one in found if one.verdict is Verdict.MEND]
    assert {one.check for one in to_mend} == planted.mend
    assert any(planted.said in f"{one.said} {one.todo}" for one in to_mend), to_mend
    assert pbx.secret not in str(found)


async def test_given_a_healthy_asterisk_then_the_doctor_has_nothing_to_say_and_leaves_nothing(
    pbx: Pbx, hand: Hand
) -> None:
    before = await hand.channels()

    found = await findings(pbx)

    assert {one.verdict for one in found} == {Verdict.OK}, found
    await hand.until(lambda: len([e for e in hand.of("Hangup") if "hear@" in e["Channel"]]) == 2)
    assert await hand.channels() == before
    assert hand.of("Cdr") == []
    cache = pbx.sounds / "callcue" / "cache"
    assert not cache.exists() or not [*cache.glob("*.sln")]


async def test_given_the_new_form_of_the_event_filter_then_an_old_asterisk_needs_the_other(
    pbx: Pbx, hand: Hand
) -> None:
    file = Path(pbx.directory) / "etc" / MANAGER
    sound = file.read_text()
    try:
        file.write_text((CONF / MANAGER).read_text())
        await command(hand, RELOAD[MANAGER])
        found = await findings(pbx)
    finally:
        file.write_text(sound)
        await command(hand, RELOAD[MANAGER])

    to_mend = [one for one in found if one.verdict is Verdict.MEND]
    if pbx.major > 16:
        assert to_mend == []
    else:
        assert [one.check for one in to_mend] == ["filter"]
        assert "callcue-manager.conf.16" in to_mend[0].todo


async def test_given_a_clip_that_plays_then_the_doctor_disturbs_nobody(
    pbx: Pbx, service: Service, new_room: NewRoom
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    await service.until(lambda: bool(service.controller.directory.agent_session(room.agent)))
    screen = service.screen(room.agent)
    assert (await screen.play("sweep")).startswith("SUCCESS")
    calls = {call.id for call in service.controller.directory.calls()}

    await ear.until(lambda: hearing.audible(ear.frames[-1]))
    begun = len(ear.frames)

    found = await findings(pbx)

    heard = ear.frames[begun:]
    assert len(heard) > 10
    assert hearing.goes_on(heard)
    assert {one.verdict for one in found} == {Verdict.OK}
    assert {call.id for call in service.controller.directory.calls()} == calls
    assert service.controller.directory.agent_session("callcue-doctor") is None
    assert (await screen.stage("STOP")).startswith("SUCCESS")


async def test_given_clips_by_address_then_the_doctor_has_one_fetched_or_says_why_not(
    pbx: Pbx,
) -> None:
    port = free_port()
    by_url = {"media_folder": "", "media_url": f"http://127.0.0.1:{port}"}
    asterisk = Asterisk.model_validate(table("main", pbx) | by_url)
    http = {"host": "127.0.0.1", "port": port}

    async with running_service(pbx, port=port, asterisk=(asterisk,)):
        assert {one.verdict for one in await findings(pbx, http, **by_url)} == {Verdict.OK}
        astray = by_url | {"media_url": f"http://127.0.0.1:{free_port()}"}
        (lost,) = [f for f in await findings(pbx, http, **astray) if f.verdict is not Verdict.OK]
        assert (lost.check, lost.verdict) == ("media", Verdict.MEND)
        assert "media_url must lead" in lost.todo

    (alone,) = [f for f in await findings(pbx, http, **by_url) if f.verdict is not Verdict.OK]
    assert (alone.check, alone.verdict) == ("media", Verdict.NOT_CHECKED)


async def test_given_the_command_itself_then_all_is_well_and_its_exit_code_is_0(
    pbx: Pbx, tmp_path: Path
) -> None:
    tables = {"asterisk": table("main", pbx), "media": {"folder": str(pbx.sounds / "callcue")}}
    lines = [
        line
        for name, settings in tables.items()
        for line in (f"[{name}]", *(f"{key} = {json.dumps(it)}" for key, it in settings.items()))
    ]
    (tmp_path / "callcue.toml").write_text("\n".join(lines))

    process = await asyncio.create_subprocess_exec(
        *(CALLCUE, "doctor", "--json"), cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()

    found = json.loads(said)["asterisk"]["main"]
    assert ({one["verdict"] for one in found}, process.returncode) == ({"ok"}, 0)
