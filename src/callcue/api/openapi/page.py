"""The document as a page for people: plain HTML, without a script and without another host."""

import base64
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from .curl import VARIABLES, command
from .schema_text import in_words, schema_name

Json = Mapping[str, Any]

_STYLE = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""The page's own style, and nothing else from anywhere."""

FEW = 10
"""Of fewer words it is said at once which they are."""


def render(document: Json) -> str:
    """The whole page."""
    info = document["info"]
    main = "".join([*_operations(document), *_schemas(document), *_codes(document)])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: the JSON API</title><style>{_STYLE}</style></head>"
        f'<body><div class="layout">{_contents(document)}<main>'
        f"<h1>{escape(info['title'])}: the JSON API</h1>"
        f'<p class="soft">Version {escape(info["version"])}. '
        'For machines: <a href="/openapi.json">openapi.json</a>, OpenAPI '
        f"{escape(document['openapi'])}.</p>{_text(info['description'])}"
        "<p>The examples below run in a shell that knows these. The key and the ids are those of "
        "the demonstration; <code>CALL</code>, <code>PLAYBACK</code> and <code>WEBHOOK</code> come "
        "from answers.</p>"
        f"{_code(VARIABLES)}{main}</main></div></body></html>\n"
    )


# ---- the contents --------------------------------------------------------------------------------


def _contents(document: Json) -> str:
    found = []
    for group, operations in _grouped(document):
        lines = (
            f'<li><a href="#{escape(one["operationId"])}">{_method(method)}'
            f"{escape(one['summary'])}</a></li>"
            for method, _, one in operations
        )
        found.append(f"<strong>{escape(group)}</strong><ul>{''.join(lines)}</ul>")
    rest = '<strong>Reference</strong><ul><li><a href="#schemas">What bodies hold</a></li>'
    return f'<nav>{"".join(found)}{rest}<li><a href="#codes">Error codes</a></li></ul></nav>'


Found = tuple[str, str, Json]
"""Method, path and operation."""


def _grouped(document: Json) -> Iterator[tuple[str, list[Found]]]:
    for tag in document["tags"]:
        name = tag["name"]
        yield name, [found for found in _all(document) if name in found[2]["tags"]]


def _all(document: Json) -> Iterator[Found]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                whole = [*item.get("parameters", ()), *operation.get("parameters", ())]
                yield method, path, {**operation, "parameters": whole}


# ---- one operation -------------------------------------------------------------------------------


def _operations(document: Json) -> Iterator[str]:
    for group, operations in _grouped(document):
        yield f"<h2>{escape(group)}</h2>"
        for method, path, operation in operations:
            yield _operation(document, method, path, operation)


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    parts = [
        f'<article id="{escape(operation["operationId"])}"><h3>{escape(operation["summary"])}</h3>',
        f'<p class="route">{_method(method)}<code>{escape(path)}</code></p>',
        f'<p class="soft">{_right(operation)}</p>',
        _text(operation.get("description", "")),
    ]
    if operation["parameters"]:
        rows = (_parameter(document, one) for one in operation["parameters"])
        parts.append(f"<h4>Parameters</h4><dl>{''.join(rows)}</dl>")
    if body := operation.get("requestBody"):
        ((media_type, content),) = body["content"].items()
        shown = (
            _fields(document, schema_name(content["schema"]), asked=True)
            if content["schema"]
            else f"<p>A file, as <code>{escape(media_type)}</code> or any other type.</p>"
        )
        parts.append(f"<h4>Body</h4>{shown}")
    answers = (_answer(status, one) for status, one in operation["responses"].items())
    parts.append(f"<h4>Answers</h4><dl>{''.join(answers)}</dl>")
    parts.append(f"<h4>Try it</h4>{_code(command(method, path, operation))}</article>")
    return "".join(parts)


def _right(operation: Json) -> str:
    scopes = [scope for one in operation["security"] for names in one.values() for scope in names]
    if not scopes:
        return "Open to everybody"
    return f"An access key with the scope <code>{escape(scopes[0])}</code>"


def _answer(status: str, answer: Json) -> str:
    says = _text(answer["description"])
    for content in answer.get("content", {}).values():
        name = schema_name(content["schema"])
        if name and "properties" not in content["schema"]:  # an error narrows its own
            says += f'<p>&rarr; <a href="#schema-{escape(name)}">{escape(name)}</a></p>'
    return f"<div><dt>{escape(status)}</dt><dd>{says}</dd></div>"


# ---- what bodies hold ----------------------------------------------------------------------------


def _schemas(document: Json) -> Iterator[str]:
    yield '<h2 id="schemas">What bodies hold</h2>'
    for name, schema in document["components"]["schemas"].items():
        yield f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>'
        yield _text(schema.get("description", ""))
        if "properties" in schema:
            yield _fields(document, name)
        else:
            yield f'<p class="type">{_words(document, schema)}</p>'
        yield "</article>"


def _fields(document: Json, name: str, *, asked: bool = False) -> str:
    """*asked*: of the client, who wants to know what must be there."""
    schema = document["components"]["schemas"][name]
    must = schema.get("required", ()) if asked else ()
    rows = (
        _row(field, _words(document, one), one, needed=field in must)
        for field, one in schema["properties"].items()
    )
    return f"<dl>{''.join(rows)}</dl>"


def _parameter(document: Json, one: Json) -> str:
    words = f"in the {escape(one['in'])}; {_words(document, one['schema'])}"
    return _row(one["name"], words, one, needed=False)


def _row(name: str, words: str, one: Json, *, needed: bool) -> str:
    must = ' <span class="must">required</span>' if needed else ""
    return (
        f'<div><dt><code>{escape(name)}</code>{must}</dt><dd><span class="type">{words}</span>'
        f"{_text(one.get('description', ''))}</dd></div>"
    )


def _codes(document: Json) -> Iterator[str]:
    yield '<h2 id="codes">Error codes</h2><p>A closed list. Every error is '
    yield '<a href="#schema-DetailedError">DetailedError</a>, with 422 '
    yield '<a href="#schema-ValidationError">ValidationError</a>.</p><dl>'
    for code, meaning in document["x-codes"].items():
        status, text = escape(str(meaning["status"])), _inline(meaning["text"])
        yield f"<div><dt><code>{escape(code)}</code></dt><dd>{status}: {text}</dd></div>"
    yield "</dl>"


# ---- small things --------------------------------------------------------------------------------


def _method(method: str) -> str:
    return f'<span class="method {escape(method)}">{escape(method.upper())}</span>'


def _code(text: str) -> str:
    return f"<pre><code>{escape(text)}</code></pre>"


def _text(text: str) -> str:
    """Its paragraphs."""
    return "".join(f"<p>{_inline(one)}</p>" for one in text.split("\n\n") if one)


def _inline(text: str) -> str:
    """A line of text: what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _words(document: Json, schema: Json) -> str:
    """A schema in words; a name, which stands in brackets there, leads to what it names."""

    def named(match: re.Match[str]) -> str:
        one = document["components"]["schemas"][match[1]]
        if 0 < len(one.get("enum", ())) < FEW:
            return _inline(in_words(one))
        return f'<a href="#schema-{match[1]}">{match[1]}</a>'

    return re.sub(r"\[([A-Z]\w+)\]", named, _inline(in_words(schema)))
