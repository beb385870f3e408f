"""The store as a whole: opened, read, written behind the answers, and closed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from time import monotonic

from callcue.api.lockout import Lockout

from .answers import AnswerRecord, Retention
from .database import MEMORY, Database, StoreMissing, StoreOutOfReach, identity
from .deliveries import DeliveryLimits, DeliveryRecord
from .events import EventRecord
from .keys import KeyBook, StoredKeys
from .known_webhooks import KnownWebhooks
from .logins import KeptLogins
from .playbacks import ENDED_SECONDS, PlaybackRecord
from .promises import StoredPromises
from .users import StoredUsers, UserBook
from .webhooks import StoredWebhooks

LOOKED_EVERY_SECONDS = 0.5
"""So long, and one reading more, until a change of users, keys or webhooks is seen."""
GATHERED_SECONDS = 0.2
"""What comes in between is written at once."""
TRIED_AGAIN_SECONDS = 1.0
SAID_AGAIN_SECONDS = 60.0
START_SECONDS = 3.0
"""So long the service waits for its store before it begins without."""
END_SECONDS = 3.0
"""So long it waits at the end until all is written."""
TOLD_SECONDS = 1.0
"""So long before that until those who listen have been told of the end of what played."""

_log = logging.getLogger(__name__)


class Store:
    """What survives a restart. A store out of reach never keeps an answer waiting."""

    def __init__(
        self,
        url: str = MEMORY,
        retention: Retention | None = None,
        *,
        busy_seconds: float = 2.0,
        history_seconds: float = ENDED_SECONDS,
        deliveries: DeliveryLimits | None = None,
    ) -> None:
        """*history_seconds*: so long playbacks are kept after their end, and what was told."""
        self._database = Database(url, busy_seconds=busy_seconds)
        self._news = asyncio.Event()
        self._ending = asyncio.Event()
        self._first_try = asyncio.Event()
        self._trouble = _Trouble()
        self._task: asyncio.Task[None] | None = None
        self.writes_done = 0
        self.writes_failed = 0
        self.users = StoredUsers(UserBook(self._database))
        self.keys = StoredKeys(KeyBook(self._database), on_news=self._news.set)
        self.logins = KeptLogins(self._database, on_news=self._news.set)
        self.known_webhooks = KnownWebhooks(self._database)
        self.deliveries = DeliveryRecord(
            self._database, self.known_webhooks, deliveries, on_news=self._news.set
        )
        self.events = EventRecord(
            self._database,
            keep_seconds=history_seconds,
            deliveries=self.deliveries,
            on_news=self._tell_playbacks,
        )
        self.playbacks = PlaybackRecord(
            self._database, events=self.events, keep_seconds=history_seconds
        )
        self.promises = StoredPromises(self._database)
        self.webhook_book = StoredWebhooks(self._database, on_change=self.look_at_webhooks)
        self.identity = ""
        """The name of this store, and so of the callcue that has it. In memory it has none."""
        self.answers = AnswerRecord(
            self._database, retention or Retention(), on_news=self._news.set
        )

    def _tell_playbacks(self) -> None:
        self.playbacks.soon()

    @property
    def trouble(self) -> Collection[str]:
        """What the store cannot be now: `read`, `written`, `tidied`."""
        return self._trouble.now

    async def start(self, lockout: Lockout) -> None:
        """Read what there is into *lockout* and the users, and keep both up. Never raises."""
        self._task = asyncio.create_task(self._run(lockout), name="store")
        waiting = asyncio.create_task(self._first_try.wait())
        await asyncio.wait(
            {waiting, self._task}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()

    async def all_told(self) -> None:
        """Wait until who listens has been told of all that has happened, if that can be soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TOLD_SECONDS):
                await self.events.all_told()

    async def stop(self) -> None:
        """Write what waits, if that can be done soon, and close."""
        self._ending.set()
        self._news.set()
        self.playbacks.wake()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=END_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._database.close()

    async def _run(self, lockout: Lockout) -> None:
        while not await self._tried("read", lambda: self._open(lockout)):
            self._first_try.set()
            if await self._ended_within(TRIED_AGAIN_SECONDS):
                return
        self._first_try.set()
        await asyncio.gather(
            self._watch(), self._write_on(), self._write_playbacks(), self._tidy_on()
        )

    async def _open(self, lockout: Lockout) -> None:
        try:
            await self._database.open()
        except StoreMissing:
            self.users.take(())  # nobody can be in it
            self.keys.take(())
            raise
        await self._look()
        await self.logins.load_into(lockout)
        await self.playbacks.load()
        if not self._database.in_memory:
            self.identity = await identity(self._database)

    async def _watch(self) -> None:
        while not await self._ended_within(LOOKED_EVERY_SECONDS):
            await self._tried("read", self._look)

    async def _look(self) -> None:
        await self.users.look()
        await self.keys.look()
        await self.look_at_webhooks()

    async def look_at_webhooks(self) -> None:
        """Read what has changed of them: who has changed one need not wait until that is done.

        Raises `StoreOutOfReach`.
        """
        if await self.known_webhooks.look():
            await self.deliveries.count()

    async def _tidy_on(self) -> None:
        # Answers grow old in an idle service too. Not in `_watch`: users must not wait for it.
        while True:
            if self.answers.is_untidy():
                await self._tried("tidied", self.answers.tidy)
            await self._tried("tidied", self.playbacks.tidy)
            await self._tried("tidied", self.events.tidy)
            await self._tried("tidied", self.promises.tidy)
            await self._tried("tidied", self.deliveries.tidy)
            if await self._ended_within(LOOKED_EVERY_SECONDS):
                return

    async def _write_playbacks(self) -> None:
        """Each at once: what is not written when this process dies is not known to the next."""
        while not self._ending.is_set():
            await self.playbacks.wait_for_news()
            while not await self._tried("written", self.playbacks.write):
                if await self._ended_within(TRIED_AGAIN_SECONDS):
                    break
        while await self._tried("written", self.playbacks.write) and self.events.waiting:
            pass  # a backlog is written in parts

    async def _write_on(self) -> None:
        while not self._ending.is_set():
            await self._news.wait()
            self._news.clear()
            await self._ended_within(GATHERED_SECONDS)
            while not await self._written():
                if await self._ended_within(TRIED_AGAIN_SECONDS):
                    break
        await self._written()

    async def _written(self) -> bool:
        done = await self._tried("written", self._write)
        self.writes_done += done
        self.writes_failed += not done
        return done

    async def _write(self) -> None:
        # Locks first: the record may be long, and matters less.
        await self.logins.write()
        await self.keys.write()
        await self.deliveries.write()
        await self.answers.write()

    async def _tried(self, what: str, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except StoreOutOfReach as error:
            self._trouble.is_(what, str(error))
            self._say_drops()
            return False
        except Exception:
            # A fault of ours in here must not end logins, nor the record of what comes next.
            _log.exception("the store failed")
            return False
        self._trouble.is_over(what)
        self._say_drops()
        return True

    def _say_drops(self) -> None:
        if dropped := self.answers.drops():
            _log.error("answers were not recorded, too many wait: %d", dropped)

    async def _ended_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return False
        return True


class _Trouble:
    """Says once that something is wrong, again after a while, and once that it is over."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._said: dict[str, float] = {}

    @property
    def now(self) -> Collection[str]:
        """What there is trouble with."""
        return self._said.keys()

    def is_(self, what: str, reason: str) -> None:
        """The store cannot be *what*."""
        said = self._said.get(what)
        if said is None or self._clock() - said > SAID_AGAIN_SECONDS:
            self._said[what] = self._clock()
            _log.error("the store cannot be %s, callcue goes on without: %s", what, reason)

    def is_over(self, what: str) -> None:
        """It can again."""
        if self._said.pop(what, None) is not None:
            _log.info("the store can be %s again", what)
