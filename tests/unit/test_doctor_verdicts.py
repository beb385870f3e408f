"""What the doctor makes of the evidence; how it got at it is shown on the real Asterisk."""

from dataclasses import replace
from typing import Any

import pytest

from callcue.asterisk.doctor import clock, dialplan, events, rights, version
from callcue.asterisk.doctor.evidence import REPORT, Evidence
from callcue.asterisk.doctor.examination import AFTER_LOGIN, judge
from callcue.asterisk.doctor.finding import Verdict
from callcue.asterisk.doctor.media import Sample
from callcue.asterisk.message import AmiEvent

ACTIONS = {action.lower() for actions in rights.WRITE.values() for action in actions}
NOW = 1_700_000_000.0


def event(name: str, **fields: str) -> AmiEvent:
    return AmiEvent(name, {key.lower(): value for key, value in fields.items()}, 0.0)


def reports(clock: float = NOW, **found: str) -> list[AmiEvent]:
    first = {"CUT": "yes", "IF": "yes", "DIALPLAN_EXISTS": "1", "TIMEOUT": "12", **found}
    fields = {"Revision": dialplan.REVISION, "Clock": str(round(clock * 1000)), **first}
    tried = ("ControlPlayback", "ChanSpy", "BridgeAdd", "CALLCUE_CLIP_1")
    return [
        event("UserEvent", UserEvent=REPORT, **fields),
        *(event("UserEvent", UserEvent=REPORT, Tried=t, Result="SUCCESS") for t in tried),
    ]


def healthy(**changes: Any) -> Evidence:
    names = events.WANTED - {"UserEvent", "VarSet"}
    variables = ("__CALLCUE_AGENT", "CALLCUE_CALL_ID", "CALLCUE_TAG")
    evidence = Evidence(
        booted=True,
        permitted=frozenset(ACTIONS | {"playdtmf"}),
        version="22.10.1",
        extensions=frozenset({"answer", "probe", "doctor"}),
        started=True,
        asked_at=NOW - 0.1,
        heard_at=NOW + 0.1,
        hung_up=True,
        applications={"see": "ConfBridge", "hear": "ChanSpy"},
        settable={"VOLUME": True, "MUTEAUDIO": True, "CDR_PROP": True},
        events=[
            *reports(),
            *(event(name) for name in names),
            *(event("VarSet", Variable=variable) for variable in variables),
        ],
    )
    return replace(evidence, **changes)


def to_mend(evidence: Evidence) -> dict[str, str]:
    found = judge(evidence, Sample("clip", "mend the media"))
    assert tuple(one.check for one in found) == AFTER_LOGIN
    return {one.check: f"{one.said}: {one.todo}" for one in found if one.verdict is Verdict.MEND}


def test_given_all_is_well_then_there_is_nothing_to_mend_nor_unknown() -> None:
    verdicts = {one.verdict for one in judge(healthy(), Sample("clip"))}
    assert verdicts == {Verdict.OK}


def test_given_nothing_at_all_then_nothing_is_well() -> None:
    found = judge(Evidence(), Sample("x"))
    assert [one for one in found if one.verdict is Verdict.OK] == []


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ("13.38.3", Verdict.MEND, "older than 16"),
        ("16.28.0~dfsg-0+deb11u4", Verdict.OK, "callcue-manager.conf.16; a verb can get lost"),
        ("18.25.0", Verdict.OK, "callcue-manager.conf.16; a verb can get lost"),
        ("20.15.2", Verdict.OK, "a verb can get lost"),
        ("certified/20.7-cert2", Verdict.OK, "callcue-manager.conf.16; a verb can get lost"),
        ("22.10.1+dfsg", Verdict.OK, "Asterisk 22.10.1+dfsg"),
        ("23.0.0", Verdict.OK, "Asterisk 23.0.0"),
        ("GIT-master-1234", Verdict.OK, "Asterisk GIT"),
        ("", Verdict.NOT_CHECKED, "does not say"),
    ],
)
def test_given_a_version_then_it_says_what_that_lacks(
    found: str, verdict: Verdict, words: str
) -> None:
    said = version.check(healthy(version=found))
    assert said.verdict is verdict
    assert words in said.said
    assert ("lost" in said.said) == ("lost" in words)


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1.2, "1.1 s behind"), (3600.0, "3599.9 s ahead of"), (0.9, "")]
)
def test_given_another_time_there_then_it_is_told_from_a_second_on(
    seconds: float, words: str
) -> None:
    said = clock.check(healthy(events=reports(NOW + seconds)))
    assert (said.verdict is Verdict.MEND) == bool(words)
    assert words in said.said


@pytest.mark.parametrize(
    ("changes", "module"),
    [
        ({"events": reports(IF="")}, "func_logic"),
        ({"events": reports(TIMEOUT="")}, "func_timeout"),
        ({"events": [*reports()[:1], event("Hangup")]}, "app_exec"),
        ({"settable": {"MUTEAUDIO": False}}, "res_mutestream"),
        ({"permitted": frozenset(ACTIONS)}, "app_senddtmf"),
    ],
)
def test_given_something_that_does_not_work_then_its_module_is_named(
    changes: dict[str, Any], module: str
) -> None:
    assert f"load={module}.so" in to_mend(healthy(**changes))["modules"]


def test_given_no_records_of_calls_at_all_then_their_function_is_not_missed() -> None:
    assert to_mend(healthy(settable={"CDR_PROP": False})).keys() == {"modules"}
    assert to_mend(healthy(settable={"CDR_PROP": False}, records_calls=False)) == {}


def test_given_an_old_asterisk_with_every_event_then_it_is_told_to_take_the_old_form() -> None:
    flood = [*healthy().events, event("Newexten"), event("VarSet", Variable="DIALSTATUS")]
    told = to_mend(healthy(version="18.20.0", events=flood))
    assert told.keys() == {"filter"}
    assert "callcue-manager.conf.16" in told["filter"]
    assert "VarSet of other variables" in told["filter"]


def test_given_one_of_both_variables_alone_then_the_other_is_missed() -> None:
    left = [one for one in healthy().events if one.get("Variable") != "__CALLCUE_AGENT"]
    assert to_mend(healthy(events=left)).keys() == {"events"}
    assert "VarSet of CALLCUE_AGENT" in to_mend(healthy(events=left))["events"]
