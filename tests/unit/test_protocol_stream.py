"""From bytes to messages: wherever the chunks end, whatever is in them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcue.asterisk.framing import BadStream, Framer
from callcue.asterisk.message import AmiEvent, Reply, parse_message

GREETING = b"Asterisk Call Manager/9.0.0\r\n"

header_text = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=20
)
messages = st.lists(
    st.dictionaries(st.from_regex(r"X[a-z]{1,8}", fullmatch=True), header_text, max_size=5),
    max_size=8,
)


def wire(contents: list[dict[str, str]]) -> bytes:
    lines = (
        "\r\n".join(["Event: E", *(f"{name}: {value}" for name, value in one.items()), "", ""])
        for one in contents
    )
    return GREETING + "".join(lines).encode()


def parsed(text: str) -> AmiEvent | Reply:
    message = parse_message(text, 1.5)
    assert message is not None
    return message


@given(messages, st.data())
def test_given_any_split_when_fed_then_the_messages_are_the_same(
    contents: list[dict[str, str]], data: st.DataObject
) -> None:
    stream = wire(contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    framer = Framer()
    frames: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames += framer.feed(stream[start:end])
    assert framer.greeting == "Asterisk Call Manager/9.0.0"
    assert [dict(parsed(frame.decode()).fields) for frame in frames] == [
        {"event": "E", **one} for one in [{k.lower(): v for k, v in c.items()} for c in contents]
    ]


def test_given_single_bytes_when_fed_then_a_multibyte_character_survives() -> None:
    framer = Framer()
    stream = wire([{"Xname": "Żółć €"}])
    frames = [frame for byte in stream for frame in framer.feed(bytes([byte]))]
    assert [parsed(frame.decode()).get("xname") for frame in frames] == ["Żółć €"]


def test_given_stray_line_ends_between_messages_when_fed_then_they_are_skipped() -> None:
    framer = Framer()
    stream = GREETING + b"\r\n\r\nEvent: A\r\n\r\n\r\nEvent: B\r\n\r\n\r\n\r\n"
    assert framer.feed(stream) == [b"Event: A", b"Event: B"]


def test_given_an_endless_message_when_over_the_limit_then_refused_in_linear_time() -> None:
    framer = Framer()
    framer.feed(GREETING + b"Event: A\r\nBig: ")

    def flood() -> None:
        for _ in range(5_000):
            framer.feed(b"x" * 1_000)

    started = time.process_time()
    with pytest.raises(BadStream, match="over 1048576 bytes"):
        flood()
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"Asterisk Cal\r\n", b"Asterisk Call Manager" * 99]
)
def test_given_another_service_when_it_greets_then_it_is_refused(greeting: bytes) -> None:
    with pytest.raises(BadStream, match="greet"):
        Framer().feed(greeting)


def test_given_an_originate_response_when_parsed_then_it_is_an_event() -> None:
    message = parsed("Event: OriginateResponse\r\nResponse: Failure\r\nReason: 0")
    assert isinstance(message, AmiEvent)
    assert (message.name, message.get("RESPONSE"), message.received_at) == (
        "OriginateResponse",
        "Failure",
        1.5,
    )


@pytest.mark.parametrize("second", ["Event", "EVENT", "event"])
def test_given_a_second_event_header_when_parsed_then_the_first_stands(second: str) -> None:
    message = parsed(f"Event: UserEvent\r\nUserEvent: Cue\r\n{second}: Hangup\r\nActionid: x")
    assert (message.name, message.get("event")) == ("UserEvent", "UserEvent")


def test_given_repeated_headers_when_parsed_then_no_value_is_lost() -> None:
    message = parsed("Event: S\r\nVariable: A=1\r\nVARIABLE: B=\r\nVariable: C=3\r\nLast: ")
    assert message.values("Variable") == ["A=1", "B=", "C=3"]
    assert (message.get("last", "absent"), message.values("none")) == ("", [])


def test_given_colons_and_spaces_when_parsed_then_the_value_is_left_alone() -> None:
    message = parsed("Response: Success\r\nUrl: sip:a@b:5060\r\nPadded:  x \r\nTight:y\r\nnoise")
    assert [message.get(name) for name in ("url", "padded", "tight")] == [
        "sip:a@b:5060",
        " x ",
        "y",
    ]


@pytest.mark.parametrize(
    ("word", "ok"), [("Success", True), ("Goodbye", True), ("Error", False), ("Failure", False)]
)
def test_given_a_reply_when_parsed_then_it_knows_whether_it_is_good(word: str, ok: bool) -> None:
    reply = parsed(f"Response: {word}\r\nMessage: a: b")
    assert isinstance(reply, Reply)
    assert (reply.ok, reply.message) == (ok, "a: b")


def test_given_neither_event_nor_reply_when_parsed_then_it_is_nothing() -> None:
    assert parse_message("Foo: bar", 0.0) is None


def test_given_many_output_lines_when_parsed_then_the_cost_is_linear() -> None:
    text = "Response: Success\r\n" + "\r\n".join(["Output: " + "x" * 20] * 30_000)
    started = time.process_time()
    assert len(parsed(text).values("output")) == 30_000
    assert time.process_time() - started < 0.5
