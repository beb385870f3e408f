"""Webhooks over HTTP: where a workspace has its events sent."""

from collections.abc import Awaitable, Callable
from time import time
from uuid import UUID, uuid4

from aiohttp import hdrs, web

from callcue.events.receivers import CheckReceiver, NoReceiver, ReceiverRefused
from callcue.events.webhook import SigningSecret, Webhook
from callcue.events.webhook_book import (
    KeptWebhook,
    NoSuchWebhook,
    TooManySecrets,
    TooManyWebhooks,
    WebhookBook,
    WebhooksOutOfReach,
)

from . import refusals, views
from .body import json_object
from .entrance import Visit, path_id
from .models import NoQuery
from .webhook_bodies import DeadLetterQuery, ReplayBody, SecretBody, WebhookBody

_Handler = Callable[["WebhooksApi", Visit, web.Request], Awaitable[web.Response]]


def _answering(handler: _Handler) -> _Handler:
    """Refuse what the book refuses."""

    async def answers(self: "WebhooksApi", visit: Visit, request: web.Request) -> web.Response:
        try:
            return await handler(self, visit, request)
        except NoSuchWebhook:
            raise refusals.not_found("webhook") from None
        except TooManyWebhooks:
            raise refusals.too_many_webhooks() from None
        except TooManySecrets:
            raise refusals.too_many_secrets() from None
        except WebhooksOutOfReach:
            raise refusals.webhooks_out_of_reach() from None

    return answers


class WebhooksApi:
    """Makes, shows, changes and removes webhooks."""

    def __init__(
        self, book: WebhookBook, check: CheckReceiver, *, clock: Callable[[], float] = time
    ) -> None:
        """*check* judges a URL when a webhook is made."""
        self._book = book
        self._check = check
        self._clock = clock

    @_answering
    async def list_webhooks(self, visit: Visit, request: web.Request) -> web.Response:
        """GET /workspaces/{w}/webhooks"""
        NoQuery.of_request(request)
        found = await self._book.all(visit.workspace.id)
        return web.json_response({"results": [views.webhook(one) for one in found]})

    @_answering
    async def make(self, visit: Visit, request: web.Request) -> web.Response:
        """POST /workspaces/{w}/webhooks"""
        NoQuery.of_request(request)
        body = WebhookBody.of(await json_object(request))
        made = await self._made_before(visit)
        if made is None:
            await self._judge(body.url)
            made = KeptWebhook(self._webhook(visit, body))
            await self._book.add(made.webhook)
        path = f"/workspaces/{visit.workspace.id}/webhooks/{made.webhook.id}"
        headers = {hdrs.LOCATION: path}
        return web.json_response(views.webhook(made), status=201, headers=headers)

    @_answering
    async def show(self, visit: Visit, request: web.Request) -> web.Response:
        """GET .../webhooks/{id}"""
        NoQuery.of_request(request)
        return await self._shown(visit, _id(request))

    @_answering
    async def remove(self, visit: Visit, request: web.Request) -> web.Response:
        """DELETE .../webhooks/{id}"""
        NoQuery.of_request(request)
        await self._book.remove(_id(request), visit.workspace.id)
        return web.Response(status=204)

    @_answering
    async def rotate(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../webhooks/{id}/secret"""
        NoQuery.of_request(request)
        body, webhook = SecretBody.of(await json_object(request)), _id(request)
        seconds = body.overlapHours * 3600.0
        secret = body.secret.get_secret_value()
        await self._book.rotate(webhook, secret, seconds, visit.workspace.id)
        return await self._shown(visit, webhook)

    @_answering
    async def list_dead(self, visit: Visit, request: web.Request) -> web.Response:
        """GET .../webhooks/{id}/dead-letters"""
        query = DeadLetterQuery.of_request(request)
        after = int(query.after or 0)
        found = await self._book.dead(_id(request), after, query.limit + 1, visit.workspace.id)
        page = found[: query.limit]
        more = str(page[-1].event.id) if len(found) > len(page) else None
        results = [views.dead_letter(one) for one in page]
        return web.json_response({"results": results, "nextAfter": more})

    @_answering
    async def replay(self, visit: Visit, request: web.Request) -> web.Response:
        """POST .../webhooks/{id}/dead-letters/replay: 202, and they are tried again soon."""
        NoQuery.of_request(request)
        body = ReplayBody.of(await json_object(request))
        events = {int(one) for one in body.eventIds}
        count = await self._book.replay(_id(request), events or None, visit.workspace.id)
        return web.json_response({"replayed": count}, status=202)

    async def _shown(self, visit: Visit, webhook: UUID) -> web.Response:
        return web.json_response(views.webhook(await self._book.find(webhook, visit.workspace.id)))

    async def _made_before(self, visit: Visit) -> KeptWebhook | None:
        """What the same request has made already, where its answer was lost with the service."""
        if visit.promise is None or not visit.promise.again:
            return None
        try:
            return await self._book.find(visit.promise.webhook_id, visit.workspace.id)
        except NoSuchWebhook:
            return None

    async def _judge(self, url: str) -> None:
        try:
            await self._check(url)
        except ReceiverRefused as refused:
            raise refusals.address_refused(str(refused)) from None
        except NoReceiver as error:
            raise refusals.invalid({"$.url": [str(error)]}) from None

    def _webhook(self, visit: Visit, body: WebhookBody) -> Webhook:
        return Webhook(
            id=uuid4() if visit.promise is None else visit.promise.webhook_id,
            workspace=visit.workspace.id,
            url=body.url,
            types=frozenset(body.types),
            secrets=(SigningSecret(body.secret.get_secret_value()),),
            made=self._clock(),
        )


def _id(request: web.Request) -> UUID:
    return path_id(request, "webhookId", "webhook")
