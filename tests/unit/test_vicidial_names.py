"""Names that are too long for anybody: refused before they are looked up, and so kept nowhere."""

from typing import Any

import pytest
from fakes.service import ROOM, serving

from callcue.api.lockout import FAILURES, Lockout
from callcue.api.passwords import Passwords
from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser, FixedUsers
from callcue.api.vicidial.fronter import FronterAudioStop
from callcue.api.vicidial.login import Refused, Users
from callcue.api.vicidial.parameters import LONGEST_NAME, Parameters

LONGEST, TOO_LONG = "9" * LONGEST_NAME, "9" * (LONGEST_NAME + 1)
LONG_NAMES = pytest.mark.parametrize(
    ("name", "asked"), [(LONGEST, True), (TOO_LONG, False)], ids=["longest", "too long"]
)
SUCCESS = "SUCCESS: audio_playback function sent - "


class _Asked:
    """Keeps the names that it was asked for, as users and as agents with a lead."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def find(self, name: str) -> None:
        self.names.append(name)

    async def named_by(self, alt_user: str) -> None:
        self.names.append(alt_user)

    async def lead_of(self, agent: str) -> None:
        self.names.append(agent)


@LONG_NAMES
async def test_given_a_long_user_when_logging_in_then_it_is_looked_up_unless_too_long(
    name: str, asked: bool
) -> None:
    kept: Any = _Asked()
    lockout = Lockout()
    passwords = Passwords(kept, lockout)
    with pytest.raises(Refused) as refused:
        await Users(kept, passwords).log_in(Parameters(user=name, password="1234"), "1.1.1.1")
    passwords.close()
    assert refused.value.line == f"ERROR: Invalid Username/Password: |{name}||0|0|BAD|"
    assert set(kept.names) == ({name} if asked else set())
    assert bool(lockout._counts) is asked


async def test_given_users_too_long_then_bad_and_no_failure_of_their_address() -> None:
    async with serving() as service:
        for _ in range(FAILURES + 1):
            answer = await service.play(user=TOO_LONG)
            assert answer == f"ERROR: Invalid Username/Password: |{TOO_LONG}||0|0|BAD|\n"
        assert (await service.play()).startswith(SUCCESS)  # for the first time


async def test_given_an_agent_too_long_then_not_logged_in_whoever_says_otherwise() -> None:
    async with serving() as service:
        for number, agent in enumerate((LONGEST, TOO_LONG)):
            service.telephony.directory.enter(ROOM, f"PJSIP/long-{number}", agent=agent)
        answer = await service.play(agent_user=TOO_LONG)
        assert answer == f"ERROR: agent_user is not logged in - PLAY|{TOO_LONG}\n"
        assert await service.play(agent_user=LONGEST) == f"{SUCCESS}ss-noservice|PLAY|{LONGEST}\n"
        service.telephony.lose_link()
        assert await service.play(agent_user=TOO_LONG) == answer


async def test_given_an_alt_user_too_long_then_no_user_found_and_the_agent_user_stands() -> None:
    async with serving() as service:
        answer = await service.play(alt_user=TOO_LONG)
        assert answer == (
            f"ERROR: no user found - PLAY|{TOO_LONG}\n{SUCCESS}ss-noservice|PLAY|1000\n"
        )


@LONG_NAMES
async def test_given_a_long_other_name_when_asked_then_it_is_looked_up_unless_too_long(
    name: str, asked: bool
) -> None:
    kept: Any = _Asked()
    passwords = Passwords(FixedUsers([]), Lockout())
    assert await Users(kept, passwords).agent_of(name) is None
    passwords.close()
    assert kept.names == ([name] if asked else [])


@LONG_NAMES
async def test_given_long_names_when_a_fronter_shall_be_silent_then_they_are_nobodys(
    name: str, asked: bool
) -> None:
    kept: Any = _Asked()
    passwords = Passwords(FixedUsers([]), Lockout())
    fronter = FronterAudioStop(None, kept, Users(kept, passwords))  # type: ignore[arg-type]
    given = Parameters(value="LOCAL_ONLY", agent_user=name, alt_user=name)
    answer = await fronter.answer(given, ApiUser("6666", Argon2("")))
    passwords.close()
    assert answer == (f"ERROR: no user found - {name}\nERROR: agent_user is not logged in - {name}")
    assert kept.names == ([name, name] if asked else [])
