"""One attempt to deliver: a POST as Standard Webhooks has it, and what came of it."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

from aiohttp import ClientError, ClientResponse

from callcue.outward.addresses import Addresses
from callcue.outward.failures import Cause, NotReached
from callcue.outward.session import asked, in_words
from callcue.outward.urls import Target, read_url

from .retries import LONGEST_ASKED_FOR
from .signing import ID, SIGNATURE, TIMESTAMP, sign
from .webhook import Delivery, Webhook

TIMEOUT_SECONDS = 10.0

_GONE = 410
_ASKS_FOR_REST = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. Without a failure it was taken."""

    failure: str = ""
    """In words for the integrator; of the URL it names the host alone."""
    gone: bool = False
    """The receiver says that it will never take it."""
    rest: float = 0.0
    """So many seconds the receiver asks us to wait."""

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return not self.failure


class Sender:
    """Sends to wherever a webhook's URL may lead."""

    def __init__(
        self,
        addresses: Addresses,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        """*timeout_seconds*: for a whole attempt. *tls* instead of the machine's own trust."""
        self._addresses = addresses
        self._timeout_seconds = timeout_seconds
        self._tls = tls
        self._clock = clock

    def target(self, url: str) -> Target:
        """Where a webhook's URL leads, as far as it can be said without asking for its name.

        Raises:
            NotReached: `INVALID_URL`; `REFUSED_ADDRESS`: in clear, to a host that is not the
                operator's.

        """
        target = read_url(url)
        if target.scheme != "https" and not self._addresses.are_listed(target):
            raise NotReached(Cause.REFUSED_ADDRESS, f"{target.host} is to be reached by https:")
        return target

    async def send(self, webhook: Webhook, delivery: Delivery) -> Outcome:
        """Try once."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._posted(self.target(webhook.url), webhook, delivery)
        except TimeoutError:
            return Outcome(f"does not answer within {self._timeout_seconds:g} s")
        except NotReached as failed:
            return Outcome(failed.in_words())
        except ClientError as error:
            return Outcome(in_words(error))

    async def _posted(self, target: Target, webhook: Webhook, delivery: Delivery) -> Outcome:
        body = delivery.event.text().encode()
        async with asked(
            "POST",
            target,
            self._addresses,
            connect_seconds=self._timeout_seconds,
            headers=self._headers(webhook, delivery, body),
            body=body,
            tls=self._tls,
        ) as response:
            return self._judged(response)  # by its head: what it says beyond is not read

    def _headers(self, webhook: Webhook, delivery: Delivery, body: bytes) -> dict[str, str]:
        now, message_id = self._clock(), str(delivery.event.id)
        timestamp = int(now)
        good = (one.secret for one in webhook.secrets if one.until is None or now < one.until)
        return {
            "Content-Type": "application/json",
            ID: message_id,
            TIMESTAMP: str(timestamp),
            SIGNATURE: " ".join(sign(secret, message_id, timestamp, body) for secret in good),
        }

    def _judged(self, response: ClientResponse) -> Outcome:
        status = response.status
        if 200 <= status < 300:
            return Outcome()
        if 300 <= status < 400:
            return Outcome(f"redirects ({status}), which is not followed")
        rest = self._rest(response) if status in _ASKS_FOR_REST else 0.0
        return Outcome(f"answers {status}", gone=status == _GONE, rest=rest)

    def _rest(self, response: ClientResponse) -> float:
        """What `Retry-After` says, in seconds; 0 where it says nothing that can be read."""
        text = response.headers.get("Retry-After", "").strip()
        try:
            seconds = float(int(text)) if text.isdecimal() else self._until(text)
        except (ValueError, OverflowError):
            return 0.0
        return min(max(0.0, seconds), LONGEST_ASKED_FOR)

    def _until(self, date: str) -> float:
        return parsedate_to_datetime(date).timestamp() - self._clock()
