"""Are this user and this password right? Slow by design, so bounded in every direction.

A hash costs tens of milliseconds and 64 MiB. It is computed in two threads. A right answer is
remembered for a minute, under an HMAC whose key this process made up and never shows. Users that
have been right from their address before may use both threads, everybody else shares one: a
flood of wrong passwords delays strangers, not those who work.
"""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from time import monotonic

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from .lockout import Lockout
from .users import ApiUser, FixedUsers, UserSource, UsersOutOfReach

THREADS = 2
REMEMBERED_SECONDS = 60.0
RENEWED_SECONDS = 20.0
"""A login that is used so shortly before it is forgotten is judged anew meanwhile: who works all
day never waits for a hash again."""
REMEMBERED = 10_000
WAITING = 256
WAITING_PER_ADDRESS = 64
PATIENCE_SECONDS = 5.0
LONGEST_PASSWORD = 256


class Verdict(Enum):
    """What became of a login."""

    GOOD = "good"
    BAD = "bad"
    LOCKED = "too many failures: not even looked at"
    BUSY = "too many logins wait, or nobody knows the users: not looked at either"


class Passwords:
    """Verifies logins; use `close` at the end."""

    def __init__(
        self,
        users: Mapping[str, ApiUser],
        lockout: Lockout,
        *,
        clock: Callable[[], float] = monotonic,
        source: UserSource | None = None,
    ) -> None:
        """*source*: where users are looked up, if others than *users* may log in."""
        self._users = users
        self._source = source or FixedUsers(users.values())
        self._lockout = lockout
        self._clock = clock
        self._hasher = PasswordHasher()
        self._nobody = self._like_the_others()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._anybody = asyncio.Semaphore(THREADS)
        self._strangers = asyncio.Semaphore(1)
        self._waiting: dict[str, int] = {}
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._running: dict[tuple[bytes, str], asyncio.Task[Verdict]] = {}

    async def verify(self, user: str, password: str, address: str) -> Verdict:
        """Judge a login. Every failure is counted; an unknown user costs what a known one does."""
        verdict = await self._verdict(user, password, address)
        if verdict is Verdict.GOOD:
            self._lockout.succeeded(user, address)
        return verdict

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _verdict(self, user: str, password: str, address: str) -> Verdict:
        mark = self._mark(user, password)
        left = self._remembered_for(mark)
        if left > 0:
            if left < RENEWED_SECONDS:
                _ = self._judgement(mark, user, password, address)  # nobody waits for it
            return Verdict.GOOD
        if self._lockout.locked(user, address):
            return Verdict.LOCKED
        return await asyncio.shield(self._judgement(mark, user, password, address))

    def _judgement(
        self, mark: bytes, user: str, password: str, address: str
    ) -> asyncio.Task[Verdict]:
        """The verification that runs. Twenty screens of one office with the same login need one."""
        running = self._running.get((mark, address))
        if running is None:
            running = asyncio.create_task(self._verify(mark, user, password, address))
            self._running[mark, address] = running
            running.add_done_callback(lambda _: self._running.pop((mark, address), None))
        return running

    async def _verify(self, mark: bytes, user: str, password: str, address: str) -> Verdict:
        if not self._room_for(address):
            return Verdict.BUSY
        self._waiting[address] = self._waiting.get(address, 0) + 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._in_turn(mark, user, password, address)
        except TimeoutError:
            return Verdict.BUSY
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    def _room_for(self, address: str) -> bool:
        everybody = sum(self._waiting.values())
        return everybody < WAITING and self._waiting.get(address, 0) < WAITING_PER_ADDRESS

    async def _in_turn(self, mark: bytes, user: str, password: str, address: str) -> Verdict:
        if self._lockout.knows(user, address):
            async with self._anybody:
                return await self._judge(mark, user, password, address)
        async with self._strangers, self._anybody:
            return await self._judge(mark, user, password, address)

    async def _judge(self, mark: bytes, user: str, password: str, address: str) -> Verdict:
        # Those before us in the row may have used up the tries while we waited.
        if self._lockout.locked(user, address):
            return Verdict.LOCKED
        try:
            known = await self._source.find(user)
        except UsersOutOfReach:
            return Verdict.BUSY
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._pool, self._is_right, known, password)
        if not right or known is None or not known.may_log_in:
            self._lockout.failed(user, address)
            return Verdict.BAD
        self._remember(mark)
        return Verdict.GOOD

    def _is_right(self, known: ApiUser | None, password: str) -> bool:
        if known is not None and known.password is not None:
            return known.password.matches(password[:LONGEST_PASSWORD])
        wanted = known.password_hash if known is not None else self._nobody
        return self._matches(wanted, password)

    def _matches(self, wanted: str, password: str) -> bool:
        try:
            return self._hasher.verify(wanted, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def _like_the_others(self) -> str:
        """A hash that nothing matches, as slow as those of the users."""
        nothing = secrets.token_urlsafe(32)
        for user in self._users.values():
            parameters = extract_parameters(user.password_hash)
            return PasswordHasher.from_parameters(parameters).hash(nothing)
        return self._hasher.hash(nothing)

    def _mark(self, user: str, password: str) -> bytes:
        message = f"{user}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, "sha256")

    def _remembered_for(self, mark: bytes) -> float:
        return self._right.get(mark, 0.0) - self._clock()

    def _remember(self, mark: bytes) -> None:
        self._right[mark] = self._clock() + REMEMBERED_SECONDS
        self._right.move_to_end(mark)
        while len(self._right) > REMEMBERED:
            self._right.popitem(last=False)
