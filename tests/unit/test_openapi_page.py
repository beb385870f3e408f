"""`/docs`: everything of the document is on the page, and nothing comes from elsewhere."""

import re
import shlex
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from fakes.audio import encoded, tone
from fakes.routes import table
from fakes.service import CHANNEL, KEY, OPERATOR_KEY, WORKSPACE, Service, serving

from callcue import __version__
from callcue.api.openapi.document import document
from callcue.api.openapi.operations import EXAMPLE_SECRET
from callcue.api.openapi.page import render
from callcue.api.openapi.schema_text import in_words
from callcue.events.signing_secret import new_secret

OURS = document(table(), __version__)
PAGE = render(OURS)
OPERATIONS = [
    (path, method, operation)
    for path, item in OURS["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]
(PUT_SOUND,) = (one for _, _, one in OPERATIONS if one["operationId"] == "putSound")
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]
ANSWERED = {
    "playbackChannelCall": 202,
    "prefetchMedia": 202,
    "deleteSound": 204,
    "makeWebhook": 201,
    "removeWebhook": 204,
    "replayDeadLetters": 202,
}
"""The others are answered with 200."""
OFFER = encoded(tone(0.1), "mp3", "libmp3lame")
VOID = {"meta", "link", "br", "img", "input", "hr"}


class _Reader(HTMLParser):
    """Holds the page to be well formed, and collects what tests ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.examples: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "pre":
            self.examples.append("")
        for name, value in attrs:
            self.attributes.add(name)
            (self.ids if name == "id" else self.links if name == "href" else []).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "pre" in self.open:
            self.examples[-1] += data


def _read(page: str = PAGE) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_given_the_page_then_it_has_no_script_and_nothing_from_another_host() -> None:
    reader = _read()
    assert not reader.tags & {"script", "link", "img", "iframe", "form", "object", "base"}
    assert not {name for name in reader.attributes if name.startswith("on")}
    assert not reader.attributes & {"src", "style"}
    assert all(link.startswith(("#", "/")) for link in reader.links)
    assert "@import" not in PAGE
    assert "url(" not in PAGE


def test_given_its_links_then_each_leads_somewhere() -> None:
    reader = _read()
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_given_an_operation_then_all_of_it_is_on_the_page(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    begin = PAGE.index(f'<article id="{operation["operationId"]}">')
    article = PAGE[begin : PAGE.index("</article>", begin)]
    assert f">{method.upper()}</span><code>{path}</code>" in article
    for scheme in operation["security"]:
        assert f"<code>{scheme['accessKey'][0]}</code>" in article
    for parameter in operation.get("parameters", ()):
        assert f"<code>{parameter['name']}</code>" in article
    for status in operation["responses"]:
        assert f"<dt>{status}</dt>" in article
    for answer in operation["responses"].values():
        for code in re.findall(r"`(\w+)`:", answer["description"]):
            assert f"<code>{code}</code>" in article


def test_given_the_codes_and_bodies_then_all_are_on_the_page() -> None:
    for code in OURS["components"]["schemas"]["Code"]["enum"]:
        assert f"<dt><code>{code}</code></dt>" in PAGE
    for name, schema in OURS["components"]["schemas"].items():
        assert f'id="schema-{name}"' in PAGE
        for field in schema.get("properties", ()):
            assert f"<code>{field}</code>" in PAGE


def test_given_texts_that_look_like_html_then_they_stay_texts() -> None:
    evil = "<script>alert(1)</script>\"'&`<b>`"
    page = render({**OURS, "info": {"title": evil, "version": evil, "description": evil}})
    assert "script" not in _read(page).tags
    assert "b" not in _read(page).tags


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 9}, "integer, 0 to 9"),
        ({"type": "integer", "minimum": 1, "default": 3}, "integer, 1 or more; by default `3`"),
        ({"type": "string", "minLength": 1, "maxLength": 9}, "string, 1 to 9 characters"),
        ({"type": "string", "minLength": 3}, "string, 3 or more characters"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"type": "string", "pattern": "^a$"}, "string like `^a$`"),
        ({"enum": ["a", "b"], "type": "string"}, "one of `a`, `b`"),
        ({"enum": ["a"], "type": "string"}, "`a`"),
        ({"const": "a"}, "`a`"),
        ({"type": "boolean", "default": None}, "boolean"),
        ({"$ref": "#/components/schemas/X"}, "[X]"),
        (
            {
                "anyOf": [
                    {"type": "array", "items": {"type": "string"}, "maxItems": 80},
                    {"type": "null"},
                ]
            },
            "array of string, at most 80 items, or null",
        ),
        ({"type": "object", "additionalProperties": {"$ref": "#/c/s/X"}}, "object of [X]"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "anything"),
    ],
)
def test_given_a_schema_then_it_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert in_words(schema) == words


# ---- served --------------------------------------------------------------------------------------


async def test_given_the_page_then_its_policy_lets_nothing_in_but_its_own_style() -> None:
    async with serving() as service, service.client.get("/docs") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert await response.text() == PAGE
        policy = response.headers["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert re.fullmatch(r"style-src 'sha256-[A-Za-z0-9+/]{43}='", policy[1])
        assert set(policy[2:]) == {
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        }


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_given_one_that_is_known_then_304_without_a_body(path: str) -> None:
    async with serving() as service:
        async with service.client.get(path) as response:
            etag = response.headers["ETag"]
        for given, status in [(etag, 304), (f'"x", {etag}', 304), (f"W/{etag}", 304), ('"x"', 200)]:
            headers = {"If-None-Match": given}
            async with service.client.get(path, headers=headers) as response:
                assert response.status == status
                assert response.headers["ETag"] == etag
                assert bool(await response.read()) is (status == 200)


# ---- what can be pasted --------------------------------------------------------------------------


def _example(operation: dict[str, Any]) -> str:
    begin = PAGE.index(f'<article id="{operation["operationId"]}">')
    (example,) = _read(PAGE[begin : PAGE.index("</article>", begin)] + "</article>").examples
    return example


async def _paste(service: Service, example: str, playback: str, webhook: str = "") -> int:
    """Do what a shell and curl would."""
    assert EXAMPLE_SECRET not in example
    variables = {
        "CALLCUE": "",
        "KEY": OPERATOR_KEY if "/vicidial/log" in example else KEY,
        "WORKSPACE": str(WORKSPACE),
        "CHANNEL": str(CHANNEL),
        "CALL": str(service.customer.id),
        "PLAYBACK": playback,
        "SOUND": "offer",
        "WEBHOOK": webhook,
        "SECRET": new_secret(),
    }
    for name, value in variables.items():
        example = re.sub(rf"\${name}\b", value, example)
    assert "$" not in example
    curl, *words = shlex.split(example.replace("\\\n", ""))
    assert curl == "curl"
    body: str | bytes | None = None
    method, headers = "GET", {}
    while len(words) > 1:
        option, value, *words = words
        match option:
            case "-X":
                method = value
            case "-H":
                name, _, text = value.partition(": ")
                headers[name] = text
            case "-d":
                body = value
            case "--data-binary":
                assert value == "@offer.mp3"
                body = OFFER
    (url,) = words
    async with service.client.request(method, url, headers=headers, data=body) as response:
        return response.status


@pytest.mark.parametrize("operation", [one for _, _, one in OPERATIONS], ids=IDS)
async def test_given_the_example_of_an_operation_then_it_can_be_pasted(
    operation: dict[str, Any],
) -> None:
    async with serving() as service:
        clip = {"media": ["sound:ss-noservice"]}
        _, begun = await service.bird("POST", f"{service.playback_path}?wait=started", clip)
        await _paste(service, _example(PUT_SOUND), begun["id"])
        body = {"url": "https://hooks.example.com/", "secret": new_secret()}
        _, made = await service.bird("POST", f"/workspaces/{WORKSPACE}/webhooks", body)
        status = await _paste(service, _example(operation), begun["id"], made["id"])
        assert status == ANSWERED.get(operation["operationId"], 200)


async def test_given_an_example_without_its_ids_then_it_says_404() -> None:
    async with serving() as service:
        (show,) = (one for path, _, one in OPERATIONS if path.endswith("{playbackId}"))
        assert await _paste(service, _example(show), str(uuid4())) == 404
