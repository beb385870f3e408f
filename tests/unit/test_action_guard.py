"""The header guard: what may be written, and that all else is refused before it is."""

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcue.asterisk.action import MAX_HEADERS, HeaderValue, UnsafeHeader, build_action
from callcue.asterisk.pending import Pending

CONTROL = ["\r", "\n", "\r\n", "\x00", "\x01", "\t", "\x1b", "\x7f", "\x85", "\u2028"]


class Label(str, enum.Enum):  # noqa: UP042  # the old kind, whose str() is "Label.ROOM"
    ROOM = "room"


def test_given_plain_headers_when_built_then_they_are_text_in_order() -> None:
    action = build_action(
        "Redirect", "id-1", {"Channel": "x;2", "Priority": 1, "Exten": Label.ROOM}
    )
    assert list(action.items()) == [
        ("Action", "Redirect"),
        ("ActionID", "id-1"),
        ("Channel", "x;2"),
        ("Priority", "1"),
        ("Exten", "room"),
    ]


def test_given_variables_when_built_then_each_is_a_header_of_its_own() -> None:
    variables: dict[str, HeaderValue] = {
        "CALLCUE_CLIP_1": "callcue/ab12cd",
        "CALLCUE_LEFT": 90_000,
        "_X": "",
        "CALLCUE_BACK": "from-trunk/*98#/3",
    }
    action = build_action("Originate", "id-1", {"Async": "true"}, variables)
    assert action["Variable"] == [
        "CALLCUE_CLIP_1=callcue/ab12cd",
        "CALLCUE_LEFT=90000",
        "_X=",
        "CALLCUE_BACK=from-trunk/*98#/3",
    ]


@pytest.mark.parametrize("control", CONTROL)
def test_given_a_control_character_when_built_then_it_is_refused_everywhere(control: str) -> None:
    evil = f"x{control}Action: Hangup"
    for headers in ({"CallerID": evil}, {evil: "x"}, {f"Name{control}": "x"}):
        with pytest.raises(UnsafeHeader):
            build_action("Ping", "id-1", headers)
    with pytest.raises(UnsafeHeader):
        build_action(evil, "id-1")
    for variables in ({"A": evil}, {f"A{control}": "x"}):
        with pytest.raises(UnsafeHeader):
            build_action("Originate", "id-1", {"Async": "true"}, variables)


@pytest.mark.parametrize("value", [None, b"x", 1.5, True, ["a"], {"a": "b"}])
def test_given_neither_text_nor_number_when_built_then_it_is_refused(value: object) -> None:
    with pytest.raises(UnsafeHeader, match="must be str or int"):
        build_action("Ping", "id-1", {"Name": value})  # type: ignore[dict-item]  # on purpose


@pytest.mark.parametrize("name", ["", "1a", "-a", "a b", "a:", "é", "Action", "actionid"])
def test_given_a_bad_or_reserved_header_name_when_built_then_it_is_refused(name: str) -> None:
    with pytest.raises(UnsafeHeader):
        build_action("Ping", "id-1", {name: "x"})


@pytest.mark.parametrize(
    "value",
    ["a,B=c", "${X}", "$[1]", "{", '"', "'", "\\", "a b", "a=b", "(", "%", ";", "../x", "é", "a&b"],
)
def test_given_dialplan_syntax_in_a_variable_when_built_then_it_is_refused(value: str) -> None:
    with pytest.raises(UnsafeHeader) as refusal:
        build_action("Originate", "id-1", {"Async": "true"}, {"A": value})
    assert value not in str(refusal.value).removeprefix("the value of A has characters")
    with pytest.raises(UnsafeHeader):
        build_action("Setvar", "id-1", {"Variable": "A", "Value": value})


@pytest.mark.parametrize("name", ["", "1A", "A=B", "A,B", "A B", "A(b)", "É"])
def test_given_a_bad_variable_name_when_built_then_it_is_refused(name: str) -> None:
    with pytest.raises(UnsafeHeader):
        build_action("Originate", "id-1", {"Async": "true"}, {name: "x"})


def test_given_setvar_when_built_then_a_function_may_be_named_but_not_assigned() -> None:
    action = build_action("Setvar", "id-1", {"Variable": "VOLUME(TX)", "Value": -3})
    assert action["Variable"] == "VOLUME(TX)"
    assert action["Value"] == "-3"
    asked = "DIALPLAN_EXISTS(from-trunk,*98#,1)"
    assert build_action("Getvar", "id-1", {"Variable": asked})["Variable"] == asked
    with pytest.raises(UnsafeHeader, match="only name a variable"):
        build_action("Originate", "id-1", {"Async": "true", "Variable": "A=b"})


def test_given_a_long_line_when_built_then_bytes_count_and_not_characters() -> None:
    build_action("Ping", "id-1", {"Name": "x" * 994})
    for value in ("x" * 995, "é" * 498):
        with pytest.raises(UnsafeHeader, match="bytes long"):
            build_action("Ping", "id-1", {"Name": value})
    with pytest.raises(UnsafeHeader, match="line of over"):
        build_action("Originate", "id-1", {"Async": "true"}, {"A": "x" * 999})


def test_given_too_many_headers_when_built_then_it_is_refused() -> None:
    most = {f"A{number}": "x" for number in range(MAX_HEADERS - 3)}
    build_action("Originate", "id-1", {"Async": "true"}, most)
    with pytest.raises(UnsafeHeader, match="121 headers"):
        build_action("Originate", "id-1", {"Async": "true"}, {**most, "B": "x"})


def test_given_a_header_twice_when_built_then_it_is_refused() -> None:
    with pytest.raises(UnsafeHeader, match="twice"):
        build_action("Ping", "id-1", {"Name": "x", "NAME": "y"})
    with pytest.raises(UnsafeHeader, match="twice"):
        build_action("Originate", "id-1", {"Async": "true", "Variable": "A"}, {"A": "x"})


def test_given_an_originate_without_async_when_built_then_it_is_refused() -> None:
    for headers in ({}, {"Async": "false"}, {"Async": ""}):
        with pytest.raises(UnsafeHeader, match="Async"):
            build_action("Originate", "id-1", headers)


def test_given_a_lone_surrogate_when_built_then_it_is_refused() -> None:
    with pytest.raises(UnsafeHeader, match="Unicode"):
        build_action("Ping", "id-1", {"Name": "\ud800"})


@given(st.text(), st.text(), st.text())
async def test_given_any_text_when_built_then_it_is_one_action_or_refused(
    name: str, value: str, variable: str
) -> None:
    try:
        action = build_action("Originate", "id", {"Async": "true", name: value}, {"A": variable})
    except UnsafeHeader:
        return
    wire = str(Pending(action, wants_list=False))
    assert wire.count("\r\n\r\n") == 1
    assert wire.count("\r\n") == wire.count("\n") == wire.count("\r") == 6  # 5 headers and the end
