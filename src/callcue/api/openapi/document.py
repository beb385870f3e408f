"""The document itself, OpenAPI 3.1: the table of routes, and what its models say of themselves."""

import re
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from callcue.api.bird.answers import DetailedError, ValidationError
from callcue.api.bird.codes import MEANINGS, Code
from callcue.api.bird.entrance import SCHEME
from callcue.api.bird.fingerprint import KEY, KEY_PATTERN, LONGEST_KEY
from callcue.api.bird.idempotency import REPLAYED
from callcue.api.bird.models import Query
from callcue.api.rights import Right
from callcue.api.routes import Route
from callcue.media.names import NAME_PATTERN

from .operation import Content, Operation

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
SECURITY = "accessKey"

_ABOUT = """The right clip into a live call, on cue. Bird's playback call, and what it lacks.

A key belongs to a workspace and sees nothing outside it; what it cannot see is answered as what
does not exist. Unknown fields, unknown query parameters, keys given twice and numbers written as
texts are refused."""

_IDS = {
    "workspaceId": "The workspace that the access key belongs to.",
    "channelId": "A channel of that workspace.",
    "callId": "A live call of that channel.",
    "playbackId": "The `id` that a POST was answered with.",
    "webhookId": "The `id` that its POST was answered with.",
}

_NAMES = {"name": "Of a sound: 1 to 80 of `A-Z a-z 0-9 _ -`."}
_UUID, _SOUND = {"format": "uuid"}, {"pattern": f"^{NAME_PATTERN}$"}

_KEYED = frozenset(
    {
        Code.UNAUTHORIZED,
        Code.SCOPE_MISSING,
        Code.TOO_MANY_REQUESTS,
        Code.RATE_LIMITED,
        Code.INVALID_REQUEST,
        Code.STORE_UNAVAILABLE,
    }
)
_WITH_BODY = frozenset(
    {
        Code.BAD_REQUEST,
        Code.INVALID_JSON,
        Code.BODY_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
    }
)
_OF_KEYS = frozenset(
    {Code.IDEMPOTENCY_KEY_REUSED, Code.IDEMPOTENCY_KEY_IN_USE, Code.STORE_UNAVAILABLE}
)
_BELOW_WORKSPACES = frozenset({Code.NOT_FOUND, Code.INTERNAL_ERROR})
_OF_CALLS = frozenset({Code.ASTERISK_UNAVAILABLE})


def document(routes: Iterable[Route], version: str) -> Json:
    """The description of those *routes* that are operations of the JSON API."""
    described = [(route, route.operation) for route in routes if route.operation is not None]
    schemas = _schemas([operation for _, operation in described])
    paths: dict[str, Json] = {}
    for route, operation in described:
        where = paths.setdefault(route.path, _path_parameters(route.path))
        where[route.method.lower()] = _operation(route, operation, schemas)
    for model in {operation.query for _, operation in described}:
        del schemas[model.__name__]  # each of its fields is a parameter by now
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "callcue",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": group} for group in dict.fromkeys(o.group for _, o in described)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                SECURITY: {
                    "type": "http",
                    "scheme": SCHEME,
                    "description": "Uses the Authorization header: 'AccessKey ' followed by your "
                    "access key token",
                }
            },
        },
        "x-codes": {
            code: {"status": meaning.status, "text": meaning.text}
            for code, meaning in MEANINGS.items()
        },
    }


# ---- what the models say -------------------------------------------------------------------------


class _Untitled(GenerateJsonSchema):
    """Fields without titles: "Positionmilliseconds" tells nobody anything."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Never."""
        return False


def _schemas(operations: list[Operation]) -> dict[str, Json]:
    models: dict[type[BaseModel], None] = {DetailedError: None, ValidationError: None}
    for operation in operations:
        contents = [*operation.answers.values(), operation.query, operation.body]
        models |= {each: None for each in contents if isinstance(each, type)}
    schemas = deepcopy(_generated(tuple(models)))
    schemas["Code"]["description"] = "The closed list of error codes."
    return schemas


@cache
def _generated(models: tuple[type[BaseModel], ...]) -> dict[str, Json]:
    """What pydantic makes of them; by far the longest part of it all."""
    _, found = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=SCHEMAS + "{model}",
        schema_generator=_Untitled,
    )
    schemas: dict[str, Json] = found["$defs"]
    return schemas


# ---- one route -----------------------------------------------------------------------------------


def _path_parameters(path: str) -> Json:
    names = re.findall(r"\{(\w+)\}", path)
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _IDS.get(name) or _NAMES[name],
            "schema": {"type": "string", **(_UUID if name in _IDS else _SOUND)},
        }
        for name in names
    ]
    return {"parameters": parameters} if parameters else {}


def _operation(route: Route, operation: Operation, schemas: dict[str, Json]) -> Json:
    made: Json = {
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
    }
    if operation.says:
        made["description"] = operation.says
    # OpenAPI 3.1 lets every scheme name the roles that are needed: here the scope of the key.
    made["security"] = [] if route.right is Right.OPEN else [{SECURITY: [str(route.right)]}]
    parameters = _query_parameters(operation.query, schemas)
    if route.takes_key:
        parameters.append(_KEY_PARAMETER)
    if parameters:
        made["parameters"] = parameters
    if isinstance(operation.body, str):
        made["requestBody"] = {"required": True, "content": {operation.body: {"schema": {}}}}
    elif operation.body is not None:
        body: Json = {"schema": {"$ref": SCHEMAS + operation.body.__name__}}
        if operation.example:
            body["example"] = dict(operation.example)
        made["requestBody"] = {"required": True, "content": {"application/json": body}}
    answers = {str(status): _answer(status, of) for status, of in operation.answers.items()}
    if operation.tells_where:
        answers["201"]["headers"] = _LOCATION
    made["responses"] = answers | _errors(_codes(route, operation))
    return made


_KEY_PARAMETER: Json = {
    "name": KEY,
    "in": "header",
    "required": False,
    "description": "Of your choice, and new for each request: a UUID, say. The same request with "
    "the same key is done once, and answered the same for a day, over restarts too; the header "
    f"`{REPLAYED}: true` tells that it was.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": f"^{KEY_PATTERN}$",
    },
}


def _query_parameters(query: type[Query], schemas: dict[str, Json]) -> list[Json]:
    found = schemas[query.__name__].get("properties", {})
    return [_query_parameter(name, dict(schema)) for name, schema in found.items()]


def _query_parameter(name: str, schema: Json) -> Json:
    parameter: Json = {"name": name, "in": "query", "required": False}
    if description := schema.pop("description", ""):
        parameter["description"] = description
    if schema.get("default", "") in (None, ""):
        schema.pop("default", None)  # absent; and a query has no null either
        if given := [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]:
            schema |= given[0] if len(given) == 1 else {"anyOf": given}
    return {**parameter, "schema": schema}


def _answer(status: int, of: Content) -> Json:
    answer: Json = {"description": HTTPStatus(status).phrase}
    if isinstance(of, str):
        answer["content"] = {of: {"schema": {}}}
    elif of is not None:
        answer["content"] = {"application/json": {"schema": {"$ref": SCHEMAS + of.__name__}}}
    return answer


# ---- errors --------------------------------------------------------------------------------------


def _codes(route: Route, operation: Operation) -> frozenset[Code]:
    codes = operation.codes
    if route.right is not Right.OPEN:
        codes |= _KEYED
    if isinstance(operation.body, type):
        codes |= _WITH_BODY
    if route.takes_key:
        codes |= _OF_KEYS
    if "{workspaceId}" in route.path:
        codes |= _BELOW_WORKSPACES
    if "{channelId}" in route.path:
        codes |= _OF_CALLS
    return codes


def _errors(codes: frozenset[Code]) -> Json:
    by_status: dict[int, list[Code]] = {}
    for code, meaning in MEANINGS.items():
        if code in codes:
            by_status.setdefault(meaning.status, []).append(code)
    return {str(status): _error(status, found) for status, found in by_status.items()}


def _error(status: int, codes: list[Code]) -> Json:
    model = ValidationError if status == HTTPStatus.UNPROCESSABLE_ENTITY else DetailedError
    # A schema beside a reference narrows it: here to the codes that come with this status.
    schema = {
        "$ref": SCHEMAS + model.__name__,
        "properties": {"code": {"enum": [code.value for code in codes]}},
    }
    answer: Json = {
        "description": "\n\n".join(f"`{code}`: {MEANINGS[code].text}" for code in codes),
        "content": {"application/json": {"schema": schema}},
    }
    if header := _HEADERS.get(status):
        answer["headers"] = header
    return answer


_LOCATION: Json = {"Location": {"description": "Its path.", "schema": {"type": "string"}}}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": {"const": SCHEME}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
