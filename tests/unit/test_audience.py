"""Which party of a call an audience means."""

from uuid import uuid4

import pytest

from callcue.core.audience import listener
from callcue.core.errors import CannotPlayHere
from callcue.core.ports import Call
from callcue.core.types import Bridge, CallId, Role

PLACE = Bridge("pbx1", "b-1")


def party(*, is_agent: bool = False) -> Call:
    call_id = CallId(uuid4())
    return Call(call_id, PLACE, "PJSIP/x-1", str(call_id), "default", "100", is_agent=is_agent)


AGENT, CALLER = party(is_agent=True), party()
SECOND_AGENT, SECOND_CALLER = party(is_agent=True), party()


@pytest.mark.parametrize("parties", [(), (CALLER,), (AGENT, CALLER, SECOND_CALLER)])
@pytest.mark.parametrize("asked", [None, CALLER.id])
def test_given_everyone_when_asked_then_no_single_listener(
    parties: tuple[Call, ...], asked: CallId | None
) -> None:
    assert listener(Role.EVERYONE, parties, asked) is None


@pytest.mark.parametrize("asked", [None, AGENT.id, CALLER.id])
def test_given_one_of_each_when_a_role_is_asked_for_then_it_is_the_one(
    asked: CallId | None,
) -> None:
    assert listener(Role.AGENT, (CALLER, AGENT), asked) == AGENT.id
    assert listener(Role.CALLER, (AGENT, CALLER), asked) == CALLER.id


@pytest.mark.parametrize("audience", [Role.AGENT, Role.CALLER])
def test_given_nobody_of_a_role_when_asked_for_then_refused(audience: Role) -> None:
    others = CALLER if audience is Role.AGENT else AGENT
    for parties in [(), (others,)]:
        with pytest.raises(CannotPlayHere, match=f"nobody .* known to be its {audience}$"):
            listener(audience, parties, others.id)


def test_given_two_of_a_role_when_asked_for_then_refused_and_what_to_do() -> None:
    with pytest.raises(CannotPlayHere, match="more than one party is its caller: name one"):
        listener(Role.CALLER, (CALLER, SECOND_CALLER, AGENT), None)
    with pytest.raises(CannotPlayHere, match="more than one party is its agent"):
        listener(Role.AGENT, (AGENT, SECOND_AGENT), CALLER.id)


def test_given_two_of_a_role_when_the_request_named_one_then_it_is_that_one() -> None:
    parties = (CALLER, SECOND_CALLER, AGENT)
    assert listener(Role.CALLER, parties, SECOND_CALLER.id) == SECOND_CALLER.id


def test_given_a_call_id_when_it_is_in_the_call_then_it_is_that_one() -> None:
    assert listener(AGENT.id, (CALLER, AGENT), CALLER.id) == AGENT.id


def test_given_a_call_id_when_it_is_not_in_the_call_then_refused() -> None:
    with pytest.raises(CannotPlayHere, match="that is to hear it is not in this call"):
        listener(AGENT.id, (CALLER,), AGENT.id)
