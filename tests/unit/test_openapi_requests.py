"""Whatever the description allows is asked of the running service, and much that it forbids.

Every answer must be one that is described: its status, its type, its headers and its body. What is
allowed must be taken, but for the cases listed here, where callcue is stricter than Bird's schema.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest
import requests
import schemathesis
from fakes.routes import table
from fakes.service import CHANNEL, KEY, OPERATOR_KEY, WORKSPACE, Service, serving
from fakes.threaded import in_a_thread
from hypothesis import HealthCheck, settings
from schemathesis.config import (
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    StatefulPhaseConfig,
)
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from callcue import __version__
from callcue.api.bird.fingerprint import KEY as KEY_HEADER
from callcue.api.openapi.document import document
from callcue.events.signing_secret import new_secret

EXAMPLES = 25
"""For each operation; those that schemathesis always tries come besides."""

OURS = document(table(), __version__)
SOUND = "sound:hello_1"
LIST = {"media": [SOUND] * 80}
"""So long that there is every item that may be named."""
BODY = {"$ref": "#/components/schemas/PlayBody", "components": OURS["components"]}

STRICTER: dict[str, tuple[dict[str, Any], str]] = {
    "media is null": ({"media": None}, "$.media"),
    "media is empty": ({"media": []}, "$.media"),
    "an item is no sound:NAME": ({"media": [SOUND, "hello"]}, "$.media[1]"),
    "an item is no URL": ({"media": [SOUND, "https://user@host/x.wav"]}, "$.media[1]"),
    "there is no such sound": ({"media": ["sound:gone"]}, "$.media[0]"),
    "loop is below zero": ({"media": [SOUND], "loop": -1}, "$.loop"),
    "loop is above 10,000": ({"media": [SOUND], "loop": 10_001}, "$.loop"),
    "timeout is below zero": ({"media": [SOUND], "timeout": -1}, "$.timeout"),
    "timeout is above a week": ({"media": [SOUND], "timeout": 604_801}, "$.timeout"),
    "an integer is written with a point": ({"media": [SOUND], "loop": 1.0}, "$.loop"),
}
"""Valid by Bird's schema, and refused: the body, and where it is wrong."""

STRICT_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "media": {
            "type": "array",
            "items": {"enum": ["sound:hello_1", "sound:ss-noservice", "sound:vm-goodbye"]},
            "minItems": 1,
            "maxItems": 80,
        },
        "loop": {"type": "integer", "minimum": 0, "maximum": 10_000},
        "timeout": {"type": "integer", "minimum": 0, "maximum": 604_800},
        "pauseMilliseconds": {"type": "integer", "minimum": 0, "maximum": 30_000},
    },
    "required": ["media"],
    "additionalProperties": False,
}
"""Bird's schema with all of that in it, but for the last: what this is valid by must be taken."""
STRICT_MEDIA: dict[str, Any] = {
    **STRICT_BODY,
    "properties": {"media": STRICT_BODY["properties"]["media"]},
}
"""No URL: what is named would be fetched."""
STRICT_MANY: dict[str, Any] = {
    **STRICT_BODY,
    "properties": {
        **STRICT_BODY["properties"],
        "calls": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "minItems": 1,
            "maxItems": 1000,
        },
    },
    "required": ["media", "calls"],
}
"""No tag: which there are the operator says."""
WEBHOOK = OURS["components"]["schemas"]["WebhookBody"]
RECEIVER = {"enum": ["https://hooks.example.com/a?b=c", "https://hooks.example.com"]}
STRICT_WEBHOOK = {**WEBHOOK, "properties": {**WEBHOOK["properties"], "url": RECEIVER}}
"""No other URL: most that can be written lead nowhere, or where nothing is sent."""
TAKEN = jsonschema_rs.Draft202012Validator(STRICT_BODY)


@pytest.mark.parametrize(("body", "path"), STRICTER.values(), ids=STRICTER)
async def test_given_what_birds_schema_allows_and_we_do_not_then_422_names_it(
    body: dict[str, Any], path: str
) -> None:
    assert jsonschema_rs.Draft202012Validator(BODY).is_valid(body)
    async with serving() as service:
        status, answer = await service.bird("POST", service.playback_path, body)
        assert (status, list(answer["details"])) == (422, [path])


# ---- the running service -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with in_a_thread() as found:
        yield found


def _settings_of_schemathesis() -> schemathesis.Config:
    generation = GenerationConfig(
        max_examples=EXAMPLES, deterministic=True, with_security_parameters=False
    )
    phases = PhasesConfig(
        coverage=CoveragePhaseConfig(generate_duplicate_query_parameters=True),
        stateful=StatefulPhaseConfig(enabled=False),
    )
    # What is well formed may still meet a call in which it cannot be done; but 422 it is not.
    accepted = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "404", "409"])
    project = ProjectConfig(
        generation=generation,
        phases=phases,
        checks=ChecksConfig(positive_data_acceptance=accepted),
    )
    return schemathesis.Config(projects=ProjectsConfig(default=project))


def _described(paths: dict[str, Any], schemas: dict[str, Any]) -> Any:
    components = {**OURS["components"], "schemas": {**OURS["components"]["schemas"], **schemas}}
    return schemathesis.openapi.from_dict(
        {**OURS, "paths": paths, "components": components}, config=_settings_of_schemathesis()
    )


ANSWERED = {
    path: methods for path, methods in OURS["paths"].items() if not path.endswith("/events")
}
"""All but the streams, which do not end; test_event_streams.py has them."""
AS_PUBLISHED = _described(ANSWERED, {})
AS_TAKEN = _described(
    ANSWERED,
    {
        "PlayBody": STRICT_BODY,
        "MediaBody": STRICT_MEDIA,
        "PlayManyBody": STRICT_MANY,
        "WebhookBody": STRICT_WEBHOOK,
    },
)
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _ask(case: Any, service: Service) -> Any:
    """Ask the service about a live call, or everything would be a 404; in which nothing plays, or
    for what controls it a clip does."""
    url, session = str(service.client.make_url("/")), requests.Session()
    session.headers["Authorization"] = f"AccessKey {KEY}"
    session.delete(f"{url[:-1]}{service.playback_path}")
    begun = session.post(f"{url[:-1]}{service.playback_path}?wait=started", json=LIST)
    if case.operation.tags == ["Play"]:
        session.delete(f"{url[:-1]}{service.playback_path}")
    if ParameterLocation.PATH not in _negative(case):
        ids = {
            "workspaceId": str(WORKSPACE),
            "channelId": str(CHANNEL),
            "callId": str(service.customer.id),
            "playbackId": begun.json()["id"],
            "name": "offer",
            "webhookId": _webhook(session, url),
        }
        case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
    if KEY_HEADER in case.headers and ParameterLocation.HEADER not in _negative(case):
        case.headers[KEY_HEADER] = str(uuid4())  # one that was used is another request's
    if case.path == "/vicidial/log":
        session.headers["Authorization"] = f"AccessKey {OPERATOR_KEY}"
    return case.call(base_url=url, session=session)


def _webhook(session: requests.Session, url: str) -> str:
    """The id of one of the workspace's; of a new one where it has none."""
    webhooks = f"{url}workspaces/{WORKSPACE}/webhooks"
    if found := session.get(webhooks).json()["results"]:
        return str(found[0]["id"])
    body = {"url": "https://hooks.example.com", "secret": new_secret()}
    return str(session.post(webhooks, json=body).json()["id"])


def _negative(case: Any) -> set[Any]:
    """Where something is that the description forbids."""
    return {place for place, made in case.meta.components.items() if made.mode.is_negative}


def _whole(body: Any) -> Any:
    """Without the one case that no schema can forbid: 1.0 is an integer to JSON Schema."""
    if not isinstance(body, dict):
        return body
    return {
        name: int(value) if isinstance(value, float) and name != "decibels" else value
        for name, value in body.items()
    }


@AS_TAKEN.parametrize()  # type: ignore[untyped-decorator]
@BOUNDED
def test_given_whatever_is_taken_then_it_is_and_every_answer_is_described(
    case: Any, service: Service
) -> None:
    if not _negative(case):
        case.body = _whole(case.body)
    # Hardly any bytes are a file of sound.
    no_file = case.operation.definition.raw["operationId"] == "putSound"
    excluded = [positive_data_acceptance] if no_file else []
    case.validate_response(_ask(case, service), excluded_checks=excluded)


@AS_PUBLISHED.include(operation_id="playbackChannelCall").parametrize()  # type: ignore[untyped-decorator]
@BOUNDED
def test_given_whatever_birds_schema_allows_then_only_the_listed_cases_are_refused(
    case: Any, service: Service
) -> None:
    response = _ask(case, service)
    listed = _negative(case) == set() and not TAKEN.is_valid(case.body)
    assert not listed or response.status_code == 422
    case.validate_response(response, excluded_checks=[positive_data_acceptance] if listed else [])
