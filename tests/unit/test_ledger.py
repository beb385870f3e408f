"""The record in memory: what is found, what is forgotten, and what must not happen twice."""

import pytest

from callcue.core.playback import Playback, PlayRequest
from callcue.core.types import Conference, EndReason, PlaybackId
from callcue.store.ledger import MemoryLedger


def accepted(ledger: MemoryLedger) -> Playback:
    playback = Playback(Conference("pbx1", "8600051"), PlayRequest(("greeting",)))
    ledger.accepted(playback)
    return playback


def end(ledger: MemoryLedger, playback: Playback) -> None:
    playback.doom(EndReason.FINISHED)
    playback.finish()
    ledger.ended(playback)


def test_given_a_playback_when_live_and_when_ended_then_found() -> None:
    ledger = MemoryLedger()
    playback = accepted(ledger)
    assert ledger.find(playback.id) is playback
    end(ledger, playback)
    assert ledger.find(playback.id) is playback


def test_given_an_unknown_id_when_looked_for_then_none() -> None:
    ledger = MemoryLedger()
    other = Playback(Conference("pbx1", "1"), PlayRequest(("greeting",)))
    assert ledger.find(PlaybackId(other.id)) is None


def test_given_more_ends_than_it_keeps_when_looked_for_then_the_oldest_are_gone() -> None:
    ledger = MemoryLedger(keep=2)
    live = accepted(ledger)
    ended = [accepted(ledger) for _ in range(3)]
    for playback in ended:
        end(ledger, playback)
    assert [ledger.find(one.id) for one in ended] == [None, *ended[1:]]
    assert ledger.find(live.id) is live


def test_given_a_second_end_when_written_then_it_raises_and_the_first_stays() -> None:
    ledger = MemoryLedger()
    playback = accepted(ledger)
    end(ledger, playback)
    with pytest.raises(KeyError):
        ledger.ended(playback)
    assert ledger.find(playback.id) is playback
