"""The whole state table, said a second time.

Written down from the design and not from the code, so that a slip in either shows. The design
says "kept" for VOLUME while paused: there the channel itself keeps it, so it is set at once.
"""

from pathlib import Path

import pytest
from stateful.stage import Stage, override, play, queued, staged

from callcue.core import diagram
from callcue.core.commands import Command, Pause, Restart, Resume, Seek, Stop, Volume
from callcue.core.errors import AsteriskUnavailable, CallcueError, NothingPlaying
from callcue.core.ports import LegEvent
from callcue.core.states import (
    COMMANDS,
    EVENTS,
    Effect,
    Event,
    IllegalEvent,
    State,
    Step,
    Verb,
    on_command,
    on_event,
)
from callcue.core.types import Milliseconds

COMMAND_TABLE = """
          | idle  | preparing   | starting  | playing    | paused     | stopping       | adrift
play      | start | busy        | busy      | busy       | busy       | busy           | refused
override  | start | replace     | replace   | replace    | replace    | after the stop | refused
stop      | error | never heard | stop      | stop       | stop       | awaited        | remembered
pause     | error | kept        | kept      | pause      | no change  | error          | refused
resume    | error | no change   | no change | no change  | continue   | error          | refused
restart   | error | no change   | no change | from start | from start | error          | refused
seek      | error | kept        | kept      | jump       | jump       | error          | refused
volume    | error | kept        | kept      | set        | set        | error          | refused
"""

EVENT_TABLE = """
                   | idle | preparing   | starting   | playing     | paused       | stopping | adrift
prepared           | -    | to starting | -          | -           | -            | -        | -
not started        | -    | ends        | ends       | -           | -            | ends     | ends
joined             | -    | -           | noted      | -           | -            | late     | late
join failed        | -    | -           | stop       | stop        | stop         | late     | late
streaming          | -    | -           | noted      | noted       | to playing   | late     | late
running            | -    | -           | heard      | -           | -            | -        | -
held               | -    | -           | -          | to paused   | noted        | late     | late
waiting for a clip | -    | -           | -          | noted       | to playing   | late     | late
item ended         | -    | -           | noted      | noted       | noted        | late     | late
list ended         | -    | -           | closes     | closes      | closes       | late     | noted
clip failed        | -    | -           | closes     | closes      | closes       | late     | noted
time limit         | -    | -           | closes     | closes      | closes       | late     | noted
leg gone           | -    | -           | ends       | ends        | ends         | ends     | ends
party left         | late | never heard | stop       | stop        | stop         | noted    | noted
target moved       | late | never heard | stop       | stop        | stop         | noted    | noted
link lost          | late | late        | lost       | lost        | lost         | lost     | late
link back, playing | -    | -           | -          | -           | -            | -        | goes on
link back, paused  | -    | -           | -          | -           | -            | -        | stays held
link back, never sent | - | -           | -          | -           | -            | -        | start
"""  # noqa: E501  # a table

SAME = None
WORDS: dict[str, tuple[Effect, State | None]] = {
    "start": (Effect.BEGIN, State.PREPARING),
    "busy": (Effect.BUSY, SAME),
    "replace": (Effect.REPLACE, State.STOPPING),
    "after the stop": (Effect.AFTER_STOP, SAME),
    "never heard": (Effect.ABANDON, State.IDLE),
    "stop": (Effect.STOP, State.STOPPING),
    "awaited": (Effect.AWAIT_END, SAME),
    "remembered": (Effect.REMEMBER, SAME),
    "kept": (Effect.KEEP, SAME),
    "no change": (Effect.NOTHING, SAME),
    "pause": (Effect.CONTROL, SAME),
    "continue": (Effect.CONTROL, SAME),
    "from start": (Effect.CONTROL, SAME),
    "jump": (Effect.CONTROL, SAME),
    "set": (Effect.CONTROL, SAME),
    "to starting": (Effect.NOTE, State.STARTING),
    "to playing": (Effect.NOTE, State.PLAYING),
    "to paused": (Effect.NOTE, State.PAUSED),
    "noted": (Effect.NOTE, SAME),
    "late": (Effect.IGNORE, SAME),
    "heard": (Effect.RUN, State.PLAYING),
    "closes": (Effect.CLOSE, State.STOPPING),
    "ends": (Effect.FREE, State.IDLE),
    "lost": (Effect.LOSE, State.ADRIFT),
    "goes on": (Effect.TAKE_OVER, State.PLAYING),
    "stays held": (Effect.TAKE_OVER, State.PAUSED),
}
"""What each word of the tables means: what is done, and where the session is then."""

REFUSALS: dict[str, type[CallcueError]] = {"error": NothingPlaying, "refused": AsteriskUnavailable}


def cells(table: str) -> dict[tuple[str, State], str]:
    """(Row, state) to word."""
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in table.split("\n") if line]
    states = [State(name) for name in head[1:]]
    return {
        (name, state): word
        for name, *words in rows
        for state, word in zip(states, words, strict=True)
    }


def step(state: State, word: str) -> Step:
    effect, after = WORDS[word]
    if word == "replace" and state is State.PREPARING:
        after = SAME  # with no leg to wait for, the next one is prepared at once
    return Step(state if after is SAME else after, effect)


COMMAND_CELLS = {(Verb(name), state): word for (name, state), word in cells(COMMAND_TABLE).items()}
EVENT_CELLS = {(Event(name), state): word for (name, state), word in cells(EVENT_TABLE).items()}
ILLEGAL = [cell for cell, word in EVENT_CELLS.items() if word == "-"]
REFUSED = [cell for cell, word in COMMAND_CELLS.items() if word in REFUSALS]

COMMAND_OF: dict[Verb, Command] = {
    Verb.PLAY: play(),
    Verb.OVERRIDE: override(),
    Verb.STOP: Stop(),
    Verb.PAUSE: Pause(),
    Verb.RESUME: Resume(),
    Verb.RESTART: Restart(),
    Verb.SEEK: Seek(Milliseconds(500)),
    Verb.VOLUME: Volume(3),
}


def test_given_the_tables_when_counted_then_no_state_command_or_event_is_left_out() -> None:
    assert set(COMMAND_CELLS) == {(verb, state) for verb in Verb for state in State}
    assert set(EVENT_CELLS) == {(event, state) for event in Event for state in State}
    assert {verb: set(row) for verb, row in COMMANDS.items()} == {v: set(State) for v in Verb}
    assert set(EVENTS) == set(Event)
    assert {command.verb for command in COMMAND_OF.values()} == set(Verb)


@pytest.mark.parametrize(("verb", "state"), COMMAND_CELLS)
def test_given_a_state_when_a_command_comes_then_as_the_design_says(
    verb: Verb, state: State
) -> None:
    word = COMMAND_CELLS[verb, state]
    if word in REFUSALS:
        with pytest.raises(REFUSALS[word]):
            on_command(state, verb)
    else:
        assert on_command(state, verb) == step(state, word)


@pytest.mark.parametrize(("event", "state"), EVENT_CELLS)
def test_given_a_state_when_an_event_happens_then_as_the_design_says(
    event: Event, state: State
) -> None:
    word = EVENT_CELLS[event, state]
    if word == "-":
        with pytest.raises(IllegalEvent, match=f"{event} while {state}"):
            on_event(state, event)
    else:
        assert on_event(state, event) == step(state, word)


def test_given_the_effects_when_looked_for_then_each_is_used_in_some_cell() -> None:
    assert {effect for effect, _ in WORDS.values()} == set(Effect)


def picture(stage: Stage) -> list[object]:
    """All that a raised input must leave alone."""
    session, current = stage.session, stage.session.current
    return [
        session.state,
        current,
        list(session.queue),
        list(stage.ledger.accepted_ones),
        list(stage.ledger.ended_ones),
        list(stage.player.sent),
        current and (current.reason, current.detail, current.position(lambda: 0), current.number),
    ]


async def bring_with_queue(stage: Stage, state: State) -> None:
    """Into *state*, with one waiting in the queue where one can wait."""
    await stage.bring_to(state)
    if state not in (State.IDLE, State.ADRIFT):
        await stage.perform(queued("next"))
    await stage.quiet()


@pytest.mark.parametrize(("event", "state"), ILLEGAL)
async def test_given_a_session_when_an_illegal_event_comes_then_it_raises_and_changes_nothing(
    event: Event, state: State
) -> None:
    async with staged() as stage:
        await bring_with_queue(stage, state)
        before = picture(stage)
        with pytest.raises(IllegalEvent):
            stage.session.happened(LegEvent(event, number=1, detail="illegal"))
        await stage.quiet()
        assert picture(stage) == before


@pytest.mark.parametrize(("verb", "state"), REFUSED)
async def test_given_a_session_when_a_command_is_refused_then_it_raises_and_changes_nothing(
    verb: Verb, state: State
) -> None:
    async with staged() as stage:
        await bring_with_queue(stage, state)
        before = picture(stage)
        with pytest.raises(REFUSALS[COMMAND_CELLS[verb, state]]):
            await stage.perform(COMMAND_OF[verb])
        await stage.quiet()
        assert picture(stage) == before


# ---- the picture of it -----------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "state-machine.md"


def test_given_the_page_when_compared_with_the_table_then_it_is_fresh() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert diagram.refreshed(text) == text, (
        "run: python -m callcue.core.diagram docs/state-machine.md"
    )


def test_given_the_diagram_when_read_then_every_edge_of_the_table_is_in_it() -> None:
    drawn = diagram.mermaid()
    for row in [*COMMANDS.values(), *EVENTS.values()]:
        for state, cell in row.items():
            if isinstance(cell, Step) and cell.state is not state:
                assert f"{state} --> {cell.state} : " in drawn


def test_given_the_tables_of_the_page_when_counted_then_no_cell_is_missing() -> None:
    rows = [line for line in diagram.tables().splitlines() if line.startswith("| **")]
    assert len(rows) == len(Verb) + len(Event)
    assert {line.count("|") for line in rows} == {len(State) + 2}
