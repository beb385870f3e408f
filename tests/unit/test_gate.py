"""What is read of a flood, and what is not: found out by a look at the bytes."""

import pytest
from fake_ami import FakeAmi, linked, say
from hypothesis import given
from hypothesis import strategies as st

from callcue.asterisk.gate import Gate, user_events, variables
from callcue.asterisk.message import AmiEvent, parse_message

NAMES = ("CALLCUE_AGENT", "CALLCUE_CALL_ID", "TAG.1")
GATE = Gate({"Hangup", "UserEvent", "VarSet"}, {**user_events("Callcue"), **variables(NAMES)})


def passes(headers: dict[str, str], *, awaits_items: bool = False) -> bool:
    return GATE.passes(say(headers).removesuffix(b"\r\n\r\n"), awaits_items=awaits_items)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Event": "Hangup"}, True),
        ({"Event": "HangupRequest"}, False),
        ({"Event": "UserEvent", "Channel": "a", "UserEvent": "CallcueLeg"}, True),
        ({"Event": "UserEvent", "Channel": "a", "UserEvent": "SomebodyElses"}, False),
        ({"Event": "UserEvent", "UserEvent": "Other", "Says": "UserEvent: CallcueLeg"}, False),
        ({"Event": "VarSet", "Variable": "CALLCUE_AGENT", "Value": "7"}, True),
        ({"Event": "VarSet", "Variable": "__CALLCUE_AGENT", "Value": ""}, True),
        ({"Event": "VarSet", "Variable": "CALLCUE_CALL_ID"}, True),
        ({"Event": "VarSet", "Variable": "CALLCUE_AGENT_", "Value": "7"}, False),
        ({"Event": "VarSet", "Variable": "X", "Value": "Variable: CALLCUE_AGENT"}, False),
        ({"Event": "VarSet", "Variable": "TAGx1", "Value": "7"}, False),
        ({"Response": "Success", "Variable": "X"}, True),
    ],
)
def test_given_a_message_then_it_passes_only_if_it_matters(
    headers: dict[str, str], expected: bool
) -> None:
    assert passes(headers) is expected


def test_given_an_answer_is_awaited_then_whatever_may_be_an_item_of_it_passes() -> None:
    item = {"Event": "VarSet", "ActionID": "7", "Variable": "X"}
    assert passes(item, awaits_items=True)
    assert not passes(item)
    assert not passes({"Event": "VarSet", "Variable": "X"}, awaits_items=True)


@given(
    st.sampled_from(["", "_", "__", "x"]),
    st.sampled_from([*NAMES, "TAGx1", "CALLCUE_AGENTS", "CALLCUE"]),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=40),
)
def test_given_any_variable_then_it_passes_exactly_if_who_reads_it_would_take_it(
    marks: str, name: str, value: str
) -> None:
    raw = say({"Event": "VarSet", "Channel": value, "Variable": marks + name, "Value": value})
    message = parse_message(raw.decode(), 0.0)
    assert isinstance(message, AmiEvent)
    taken = message.get("Variable").lstrip("_") in NAMES
    assert GATE.passes(raw.removesuffix(b"\r\n\r\n"), awaits_items=False) is taken


async def test_given_a_flood_of_others_events_when_received_then_they_are_dropped_unread() -> None:
    telling = {**user_events("Callcue"), **variables(NAMES)}
    async with FakeAmi() as ami, linked(ami, telling=telling) as owner:
        await ami.speak_rudely(say({"Event": "UserEvent", "UserEvent": "Other"}) * 1_000)
        await ami.emit("UserEvent", {"UserEvent": "CallcueLeg"})
        await owner.until(lambda: owner.events)
        assert [event.get("UserEvent") for event in owner.events] == ["CallcueLeg"]
        counts = owner.link.figures.counts
        assert (counts.taken, counts.ignored) == (1, 1_000)
