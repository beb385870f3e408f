"""A link whose settings change while it runs: it connects anew, at once, wherever it stands."""

from dataclasses import replace

from fake_ami import QUICK, Belief, FakeAmi, linked

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.status import Phase

PATIENT = replace(QUICK, first_retry=30.0, longest_retry=30.0)
"""Who waits for such a retry fails its test."""


def address(ami: FakeAmi, secret: str = "a-secret") -> ServerAddress:
    return ServerAddress("127.0.0.1", ami.port, "callcue", secret)


async def test_given_a_link_that_is_up_when_moved_then_up_at_the_other_alone() -> None:
    async with FakeAmi() as here, FakeAmi() as there, linked(here, timings=PATIENT) as owner:
        owner.link.move(address(there))
        await owner.until_phase(Phase.UP)
        assert there.belief.logins == 1
        await here.wait_until(lambda: here.open_connections == 0)
        assert (owner.ups, owner.downs) == (2, ["its settings have changed"])


async def test_given_a_rejected_login_when_the_secret_is_corrected_then_up_at_once() -> None:
    async with (
        FakeAmi(Belief()) as ami,
        linked(ami, secret="wrong", phase=Phase.REJECTED) as owner,
    ):
        owner.link.move(address(ami))
        await owner.until_phase(Phase.UP)
        assert ami.belief.logins == 1


async def test_given_a_link_that_waits_for_its_next_try_when_moved_then_up_at_once() -> None:
    async with FakeAmi() as gone, FakeAmi() as there:
        await gone.stop()
        async with linked(gone, timings=PATIENT, phase=Phase.DOWN) as owner:
            await owner.until(lambda: "cannot connect" in owner.link.state.reason)
            owner.link.move(address(there))
            await owner.until_phase(Phase.UP)


async def test_given_a_login_without_an_answer_when_moved_then_up_at_the_other() -> None:
    async with FakeAmi() as silent, FakeAmi() as there:
        silent.ignore("Login")
        async with linked(silent, timings=PATIENT, phase=Phase.CONNECTING) as owner:
            await silent.wait_for("Login")
            owner.link.move(address(there))
            await owner.until_phase(Phase.UP)
        assert len(silent.received("Login")) == 1
