"""`GET /openapi.json` and `GET /docs`: made once, served as bytes."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aiohttp import hdrs, web

from .page import POLICY, render


class Description:
    """Both forms of the document. Its own routes are in it, so it is given later than made."""

    def __init__(self) -> None:
        self._json = _Bytes(b"", "application/json")
        self._page = _Bytes(b"", "text/html")

    def publish(self, document: Mapping[str, Any]) -> None:
        """Serve this from now on."""
        self._json = _Bytes(json.dumps(document, indent=1).encode(), "application/json")
        self._page = _Bytes(
            render(document).encode(), "text/html", {hdrs.CONTENT_SECURITY_POLICY: POLICY}
        )

    async def document(self, request: web.Request) -> web.Response:
        """GET /openapi.json"""
        return self._json.answer(request)

    async def page(self, request: web.Request) -> web.Response:
        """GET /docs"""
        return self._page.answer(request)


class _Bytes:
    """What never changes while we run."""

    def __init__(self, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self._body = body
        self._kind = kind
        self._etag = sha256(body).hexdigest()[:32]
        self._headers = {
            hdrs.ETAG: f'"{self._etag}"',
            hdrs.CACHE_CONTROL: "no-cache",  # to be kept, and asked for again
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        }

    def answer(self, request: web.Request) -> web.Response:
        known = request.if_none_match or ()
        if any(etag.value in (self._etag, "*") for etag in known):
            return web.Response(status=304, headers=self._headers)
        return web.Response(
            body=self._body, content_type=self._kind, charset="utf-8", headers=self._headers
        )
