"""The description: it is the table of routes, it is valid, and Bird's own part is Bird's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import jsonschema_rs
import pytest
from fakes.routes import table
from fakes.service import (
    CHANNEL,
    KEY,
    OPERATOR_KEY,
    OTHER_KEY,
    READ_KEY,
    ROOM,
    WORKSPACE,
    Service,
    serving,
)
from fakes.waiting import until
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from callcue import __version__
from callcue.api.bird import answers, codes
from callcue.api.bird.codes import Code
from callcue.api.openapi.document import document
from callcue.api.rights import Right
from callcue.core.states import State

TESTS = Path(__file__).parents[1]
REFERENCE = json.loads((TESTS / "tables/bird-play.openapi.json").read_text())
OURS = document(table(), __version__)
PLAY = "/workspaces/{workspaceId}/channels/{channelId}/calls/{callId}/playback"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
OF_ANOTHER_DIALECT = (Right.API_USER, Right.UPSTREAM, Right.HERE_OR_OPERATOR)
OPERATIONS = [
    (path, method, operation)
    for path, item in OURS["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]


# ---- the table -----------------------------------------------------------------------------------


def test_given_the_table_then_every_route_of_it_is_there_and_nothing_else() -> None:
    routes = {
        (route.path, route.method.lower(), route.right)
        for route in table()
        if route.right not in OF_ANOTHER_DIALECT
    }
    assert {(path, method) for path, method, _ in OPERATIONS} == {r[:2] for r in routes}
    assert len(OPERATIONS) == len(routes)
    for path, method, operation in OPERATIONS:
        needed = [] if (path, method, Right.OPEN) in routes else operation["security"]
        assert operation["security"] == needed
        for scheme in needed:
            (scope,) = scheme["accessKey"]
            assert (path, method, Right(scope)) in routes


async def test_given_the_service_then_it_serves_just_that() -> None:
    async with serving() as service, service.client.get("/openapi.json") as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        assert await response.json() == OURS


async def test_given_no_vicidial_then_its_record_is_not_described() -> None:
    async with serving(vicidial={"enabled": False}) as service:
        async with service.client.get("/openapi.json") as response:
            paths = set((await response.json())["paths"])
        assert paths == set(OURS["paths"]) - {"/vicidial/log"}


def test_given_the_operations_then_each_has_an_id_and_a_summary_of_its_own() -> None:
    for name in ("operationId", "summary"):
        found = [operation[name] for _, _, operation in OPERATIONS]
        assert all(found)
        assert len(set(found)) == len(found)


# ---- validity ------------------------------------------------------------------------------------


def test_given_the_document_then_it_is_openapi_3_1() -> None:
    errors = [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(OURS)]
    assert errors == []
    assert OURS["openapi"].startswith("3.1.")


def test_given_a_fault_in_it_then_that_validator_finds_it() -> None:
    assert not OPENAPI_31_VALIDATOR.is_valid({**OURS, "paths": {"x": {}}})
    assert not OPENAPI_31_VALIDATOR.is_valid({**OURS, "info": {}})


def _schemas_in(node: Any) -> list[Any]:
    """Every schema object: those of the components, and those under a key `schema`."""
    found = list(node["components"]["schemas"].values()) if "components" in node else []
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if key == "schema":
            found.append(value)
        elif isinstance(value, dict | list):
            found += _schemas_in(value)
    return found


def test_given_its_schemas_then_each_is_a_json_schema_and_every_reference_leads_somewhere() -> None:
    schemas = _schemas_in(OURS)
    assert len(schemas) > 100
    for schema in schemas:
        jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})
        jsonschema_rs.Draft202012Validator({**schema, "components": OURS["components"]})


# ---- Bird's own ----------------------------------------------------------------------------------

_NO_MEANING = {"description", "title", "default", "examples", "example"}


def _meaning(schema: Any, root: Any) -> Any:
    """What a schema allows, in one form: references followed, 3.0's `nullable` a null union."""
    if isinstance(schema, list):
        return [_meaning(one, root) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    if reference := schema.pop("$ref", None):
        target = root
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **schema}
        return _meaning(schema, root)
    nullable = schema.pop("nullable", False)
    if "properties" in schema:
        fields = schema["properties"].items()
        schema["properties"] = {name: _meaning(field, root) for name, field in fields}
        rest = {key: value for key, value in schema.items() if key != "properties"}
        made = {**_plain(rest, root), "properties": schema["properties"]}
    else:
        made = _plain(schema, root)
    if nullable:
        made = {"anyOf": [made, {"type": "null"}]}
    return made


def _plain(schema: dict[str, Any], root: Any) -> dict[str, Any]:
    return {k: _meaning(v, root) for k, v in schema.items() if k not in _NO_MEANING}


def _of_body(operation: Any, root: Any) -> Any:
    return _meaning(operation["requestBody"]["content"]["application/json"]["schema"], root)


def _of_answer(status: str, operation: Any, root: Any) -> Any:
    answer = operation["responses"][status]
    while "$ref" in answer:
        _, _, kind, name = answer["$ref"].split("/")
        answer = root["components"][kind][name]
    return answer["content"]["application/json"]["schema"]


def test_given_birds_request_then_ours_allows_the_same() -> None:
    theirs = _of_body(REFERENCE["paths"][PLAY]["post"], REFERENCE)
    assert _of_body(OURS["paths"][PLAY]["post"], OURS) == theirs
    assert theirs["additionalProperties"] is False


def test_given_birds_202_then_ours_is_the_same() -> None:
    theirs = _meaning(_of_answer("202", REFERENCE["paths"][PLAY]["post"], REFERENCE), REFERENCE)
    assert _meaning(_of_answer("202", OURS["paths"][PLAY]["post"], OURS), OURS) == theirs


@pytest.mark.parametrize("status", ["400", "404", "422"])
def test_given_birds_errors_then_ours_differ_by_a_closed_list_of_codes_alone(status: str) -> None:
    theirs = _meaning(_of_answer(status, REFERENCE["paths"][PLAY]["post"], REFERENCE), REFERENCE)
    schema = dict(_of_answer(status, OURS["paths"][PLAY]["post"], OURS))
    narrowed = schema.pop("properties")["code"].pop("enum")
    ours = _meaning(schema, OURS)
    assert set(narrowed) <= set(ours["properties"]["code"].pop("enum"))
    assert ours == theirs


def test_given_birds_document_then_its_scheme_path_and_operation_are_ours() -> None:
    schemes = [one["components"]["securitySchemes"]["accessKey"] for one in (REFERENCE, OURS)]
    assert schemes[0] == schemes[1]
    (theirs,), ours = REFERENCE["paths"].items(), OURS["paths"][PLAY]["post"]
    assert theirs[0] == PLAY
    assert theirs[1]["post"]["operationId"] == ours["operationId"]


# ---- the codes -----------------------------------------------------------------------------------


def test_given_the_codes_then_each_has_a_meaning_and_every_answer_the_status_of_its_code() -> None:
    assert set(codes.MEANINGS) == set(Code)
    for answer in [*codes.OF_ERROR.values(), *codes.OF_STATUS.values(), codes.FAULT]:
        assert answer.status == codes.MEANINGS[answer.code].status


def test_given_the_document_and_bird_md_then_both_have_all_codes() -> None:
    assert set(OURS["components"]["schemas"]["Code"]["enum"]) == set(Code)
    told = (TESTS.parent / "docs" / "bird.md").read_text()
    assert all(f"`{code}`" in told for code in Code)


# ---- views and models ----------------------------------------------------------------------------


def test_given_the_states_then_the_published_ones_are_those() -> None:
    published = get_args(answers.Playback.model_fields["state"].annotation)
    assert set(published) == {*State, "queued", "ended"}


async def _everything(service: Service) -> list[tuple[str, Any]]:
    """Each body of a success, with the name of its schema."""
    clip, path = {"media": ["sound:hello_1"]}, service.playback_path
    found = [("Playback", await service.bird("GET", path))]
    found.append(("CallCommandResponse", await service.bird("POST", f"{path}?wait=started", clip)))
    found.append(("CallCommandResponse", await service.bird("POST", path, clip)))
    waiting = f"/workspaces/{WORKSPACE}/playbacks/{found[-1][1][1]['id']}"
    found.append(("PlaybackInFull", await service.bird("GET", waiting)))
    for tail, body in [
        ("pause", None),
        ("seek", {"positionMilliseconds": 10}),
        ("volume", {"decibels": 3}),
        ("resume", None),
        ("restart", None),
        ("stop", None),
    ]:
        found.append(("Playback", await service.bird("POST", f"{path}/{tail}", body)))
    found.append(("CallPage", await service.bird("GET", service.calls_path() + "?limit=1")))
    found.append(("CallInFull", await service.bird("GET", service.calls_path(service.agent))))
    found.append(("Live", await service.bird("GET", "/health/live")))
    found.append(("Ready", await service.bird("GET", "/health/ready")))
    await service.play()

    async def written() -> bool:
        log = await service.bird("GET", "/vicidial/log", key=OPERATOR_KEY)
        if log[1]["results"]:
            found.append(("LogPage", log))
        return bool(log[1]["results"])

    await until(written)
    assert all(status < 300 for _, (status, _) in found)
    return [(name, body) for name, (_, body) in found]


async def test_given_answers_then_each_is_as_published_and_lacks_no_field() -> None:
    schemas = OURS["components"]["schemas"]
    async with serving() as service:
        for name, body in await _everything(service):
            schema = {"$ref": f"#/components/schemas/{name}", "components": OURS["components"]}
            validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
            assert [str(error) for error in validator.iter_errors(body)] == []
            assert set(body) == set(schemas[name]["properties"])


# ---- refusals ------------------------------------------------------------------------------------


def _lost(service: Service) -> None:
    service.telephony.lose_link()


def _silent(service: Service) -> None:
    service.telephony.player.silent = {"pause", "resume", "restart", "seek"}


def _shared(service: Service) -> None:
    service.telephony.directory.enter(ROOM, "PJSIP/stranger-9", context="others")


def _nothing(_: Service) -> None:
    return


SITUATIONS = {
    "no key": (_nothing, "", False),
    "a wrong key": (_nothing, "wrong", False),
    "a key to read": (_nothing, READ_KEY, False),
    "a key of others": (_nothing, OTHER_KEY, False),
    "nothing plays": (_nothing, KEY, False),
    "a clip plays": (_nothing, KEY, True),
    "the link is lost": (_lost, KEY, True),
    "Asterisk confirms nothing": (_silent, KEY, True),
    "the room is shared": (_shared, KEY, True),
}


@pytest.mark.parametrize(("happen", "key", "playing"), SITUATIONS.values(), ids=SITUATIONS)
async def test_given_a_situation_then_every_route_answers_with_a_code_that_is_described(
    happen: Callable[[Service], None], key: str, playing: bool
) -> None:
    for path, method, operation in OPERATIONS:
        if "{workspaceId}" not in path or path.endswith("/events"):  # a stream has no end
            continue
        async with serving() as service:
            if playing:
                clip = {"media": ["sound:hello_1"]}
                await service.bird("POST", f"{service.playback_path}?wait=started", clip)
            happen(service)
            ids = {"workspaceId": WORKSPACE, "channelId": CHANNEL, "callId": service.customer.id}
            ids["webhookId"] = uuid4()
            body = operation.get("requestBody", {"content": {"application/json": {}}})
            status, answer = await service.bird(
                method.upper(),
                path.format(**ids, playbackId=next(iter(service.ledger.playbacks), uuid4())),
                body["content"]["application/json"].get("example"),
                key=key,
            )
            described = operation["responses"][str(status)]["content"]["application/json"]
            schema = {**described["schema"], "components": OURS["components"]}
            errors = jsonschema_rs.Draft202012Validator(schema).iter_errors(answer)
            assert [str(error) for error in errors] == [], (path, method, answer)
