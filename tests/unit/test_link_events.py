"""Events: the wanted ones, all of them, in their order, whatever else arrives."""

import asyncio
import time

import pytest
from fake_ami import FakeAmi, Owner, event_list, linked, say

from callcue.asterisk.errors import ActionRefused
from callcue.asterisk.inbox import QUEUE_LIMIT
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.status import Phase


async def test_given_wanted_and_other_events_when_emitted_then_the_wanted_come_in_order() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        for number in range(100):
            await ami.emit("Hangup", {"Uniqueid": str(number)})
            await ami.emit("HangupRequest", {"Uniqueid": str(number)})
        await owner.until(lambda: len(owner.events) == 100)
        assert [event.get("uniqueid") for event in owner.events] == [str(n) for n in range(100)]


async def test_given_an_event_of_one_header_when_received_then_it_comes() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        await ami.speak_rudely(b"Event: Hangup\r\n\r\n")
        await owner.until(lambda: owner.log == ["up", "Hangup"])


async def test_given_a_handler_that_raises_when_called_then_the_next_event_still_comes() -> None:
    owner = Owner()

    def fail(event: AmiEvent) -> None:
        if event.get("uniqueid") == "1":
            raise RuntimeError("poison")

    owner.when_event = fail
    async with FakeAmi() as ami, linked(ami, owner=owner):
        for number in range(3):
            await ami.emit("Hangup", {"Uniqueid": str(number)})
        await owner.until(lambda: len(owner.events) == 3)
        assert owner.downs == []


async def test_given_two_event_headers_when_received_then_the_first_names_it() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        await ami.speak_rudely(b"Event: UserEvent\r\nEvent: Hangup\r\nEVENT: Hangup\r\n\r\n")
        await ami.speak_rudely(b"Event: Evil\r\nEvent: Hangup\r\n\r\n")
        await ami.emit("Hangup")
        await owner.until(lambda: len(owner.events) == 2)
        assert owner.log == ["up", "UserEvent", "Hangup"]


async def test_given_a_character_split_over_two_chunks_when_received_then_it_is_whole() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        raw = say({"Event": "UserEvent", "Name": "Żółć €", "Bad": "caf"})
        raw = raw.replace(b"caf", b"caf\xe9")  # and what is no UTF-8 is marked, not swallowed
        for byte in raw:
            await ami.speak_rudely(bytes([byte]))
            await asyncio.sleep(0)
        await owner.until(lambda: owner.events)
        assert owner.events[0].get("name") == "Żółć €"
        assert owner.events[0].get("bad") == "caf\ufffd"


async def test_given_a_line_of_five_megabytes_when_received_then_cut_with_that_reason() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        started = time.process_time()
        await ami.speak_rudely(b"Event: UserEvent\r\nBig: " + b"x" * 5_000_000)
        await owner.until(lambda: owner.downs)
        assert owner.downs == ["a message of over 1048576 bytes"]
        assert time.process_time() - started < 0.5
        await owner.until(lambda: owner.ups == 2)


async def test_given_nonsense_messages_when_received_then_the_link_stands() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        rude = b"\r\n\r\nno colon\r\n\r\n: \r\n\r\nEvent:\r\n\r\nEvent: \r\n\r\nResponse: ?\r\n\r\n"
        await ami.speak_rudely(rude + b"\x00\xff\xfe: \xff\r\n\r\nActionID: 1\r\n\r\n")
        await ami.emit("Hangup")
        await owner.until(lambda: owner.events)
        assert (owner.log, owner.link.state.phase) == (["up", "Hangup"], Phase.UP)


async def test_given_a_flood_of_unwanted_events_when_received_then_it_costs_little() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        padding = {f"Header{number}": "some value" for number in range(18)}
        chunk = say({"Event": "RTCPSent", "Privilege": "reporting,all", **padding}) * 20_000
        started = time.process_time()
        await ami.speak_rudely(chunk)
        await ami.emit("Hangup")
        await owner.until(lambda: owner.events)
        # Parsed, they would take some 0.2 s; the bound leaves room for a slow machine.
        assert time.process_time() - started < 0.5
        assert [event.name for event in owner.events] == ["Hangup"]


async def test_given_too_many_events_when_the_queue_is_full_then_all_is_read_anew() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        # Read in chunks of thousands, delivered a hundred a turn.
        await ami.speak_rudely(say({"Event": "Hangup"}) * 20 * QUEUE_LIMIT)
        await owner.until(lambda: owner.ups == 2)
        assert owner.downs == ["event queue overflow"]


async def test_given_more_events_than_wait_when_they_come_then_the_rest_stays_in_the_socket() -> (
    None
):
    waiting: list[int] = []
    owner = Owner()
    async with FakeAmi() as ami, linked(ami, owner=owner):
        connection = owner.link._connection
        assert connection is not None
        owner.when_event = lambda _: waiting.append(connection._inbox._queue.qsize())
        raw = say({"Event": "Hangup", "Padding": "x" * 500})
        await ami.speak_rudely(raw * 4 * QUEUE_LIMIT)
        await owner.until(lambda: len(owner.events) == 4 * QUEUE_LIMIT, within=20)
        assert max(waiting) < QUEUE_LIMIT / 2
        assert (owner.ups, owner.downs) == (1, [])
        await owner.link.send("Ping")


async def test_given_queued_events_when_the_link_is_cut_then_none_comes_after_on_down() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        # In one chunk with the end, so that they wait in the queue when it comes.
        await ami.speak_rudely(say({"Event": "Hangup"}) * 250 + say({"Event": "Shutdown"}))
        await owner.until(lambda: owner.ups == 2)
        await ami.emit("UserEvent")
        await owner.until(lambda: owner.log[-1] == "UserEvent")
        down = owner.log.index("down: Asterisk is shutting down")
        assert owner.log[down + 1 :] == ["up", "UserEvent"]


async def test_given_events_around_a_reply_when_awaited_then_exactly_those_before_are_seen() -> (
    None
):
    async with FakeAmi() as ami, linked(ami) as owner:

        async def amid_events(action: dict[str, str]) -> None:
            before = [{"Event": "Hangup", "Uniqueid": str(number)} for number in range(150)]
            after = [{"Event": "UserEvent", "Uniqueid": str(number)} for number in range(150)]
            reply = {"Response": "Success", "ActionID": action["ActionID"]}
            await ami.speak_rudely(b"".join(say(one) for one in [*before, reply, *after]))

        ami.on("Redirect", amid_events)  # it answers by itself
        for _ in range(20):
            await owner.link.send("Redirect")
            assert owner.log == ["up", *["Hangup"] * 150]
            await owner.until(lambda: len(owner.events) == 300)
            del owner.log[1:], owner.events[:]


async def test_given_an_async_originate_when_it_ends_then_originate_response_is_an_event() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        failed = {"Event": "OriginateResponse", "Response": "Failure", "Reason": "0"}
        queued = {"Response": "Success", "Message": "Originate successfully queued"}
        ami.on("Originate", lambda _: [queued, failed])
        variables = {"CALLCUE_PLAYBACK": "1f-2e", "CALLCUE_CLIP_1": "callcue/ab12cd"}
        reply = await owner.link.send(
            "Originate", {"Channel": "Local/a@b/n", "Async": "true"}, variables=variables
        )
        assert reply.message == "Originate successfully queued"
        await owner.until(lambda: owner.events)
        assert owner.events[0].get("response") == "Failure"
        assert owner.events[0].action_id == ami.received("Originate")[0].id
        assert ami.received("Originate")[0].variables == variables


async def test_given_its_event_before_the_reply_when_sent_then_it_is_not_the_answer() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        early = {"Event": "OriginateResponse", "Response": "Success"}
        ami.on("Originate", lambda _: [early, {"Response": "Error", "Message": "no"}])
        with pytest.raises(ActionRefused):
            await owner.link.send("Originate", {"Async": "true"})
        assert [event.name for event in owner.events] == ["OriginateResponse"]


async def test_given_a_list_when_collected_then_its_items_and_nothing_else() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        # Names and headers that end panoramisk's lists early: here the header alone decides.
        items = [
            {"Event": "PartlyComplete", "Channel": "a"},
            {"Event": "Item", "Response": "Success", "Channel": "b"},
            {"Event": "Hangup", "Channel": "c"},
        ]
        ami.on(
            "Odd",
            lambda _: [*event_list("Odd", items)[:-1], {"Event": "Over", "EventList": "Complete"}],
        )
        collected = await owner.link.collect("Odd")
        assert [item.get("channel") for item in collected] == ["a", "b", "c"]
        assert owner.events == []


async def test_given_a_thousand_items_amid_events_when_collected_then_all_are_there() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.belief.lists["CoreShowChannels"] = [{"Channel": str(n)} for n in range(1_000)]
        noise = asyncio.create_task(emit_many(ami, 200))
        lists = await asyncio.gather(*(owner.link.collect("CoreShowChannels") for _ in range(3)))
        await noise
        assert [[item.get("channel") for item in one] for one in lists] == [
            [str(n) for n in range(1_000)]
        ] * 3
        await owner.until(lambda: len(owner.events) == 200)


async def emit_many(ami: FakeAmi, count: int) -> None:
    for _ in range(count):
        await ami.emit("Hangup")


async def test_given_no_rooms_when_collected_then_the_list_is_empty() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        assert await owner.link.collect("ConfbridgeListRooms") == []
        assert await owner.link.collect("CoreShowChannels") == []


async def test_given_no_whole_list_when_collected_then_refused() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.on("Status", lambda _: event_list("Status", [{"Channel": "a"}], end="Cancelled"))
        with pytest.raises(ActionRefused, match="broken off"):
            await owner.link.collect("Status")
        with pytest.raises(ActionRefused, match="not with a list"):
            await owner.link.collect("Ping")
        with pytest.raises(ActionRefused, match="Invalid"):
            await owner.link.collect("Nonsense")
