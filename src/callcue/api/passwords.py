"""Are this user and this password right? Slow by design, so bounded in every direction.

A hash costs tens of milliseconds and 64 MiB. It is computed in a few threads that leave the
processor to everything else. A right answer is remembered for a minute, under a keyed hash whose
key this process made up and never shows, and only while the user is as it was. Users that have been
right from their address before have threads of their own, everybody else shares one that gives
way to all others: a flood of wrong passwords delays strangers, not those who work.
"""

import asyncio
import os
import secrets
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from time import monotonic

from .lockout import Lockout
from .stored_passwords import Argon2, StoredPassword
from .users import ApiUser, UserSource

THREADS, NICENESS = 2, 5
"""For those who have been right before. A hash of argon2 runs in four threads more, which inherit
the niceness."""
STRANGERS_THREADS, STRANGERS_NICENESS = 1, 15
REMEMBERED_SECONDS = 60.0
RENEWED_SECONDS = 20.0
"""A login that is used so shortly before it is forgotten is judged anew meanwhile: who works all
day never waits for a hash again."""
REMEMBERED = 10_000
WAITING = 256
WAITING_PER_ADDRESS = 64
PATIENCE_SECONDS = 5.0
LONGEST_PASSWORD = 256
DECOYS = 16

_LIKE_OURS = Argon2(
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXRoaW5nLXNhbHR5c2E$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
).decoy()
"""As costly as the hashes that we make, and of nothing."""


class Verdict(Enum):
    """What became of a login."""

    GOOD = "good"
    BAD = "bad"
    LOCKED = "too many failures, here or where the user is kept: not even looked at"
    BUSY = "too many logins wait: not looked at either"
    ELSEWHERE = "right, but not from this address"


@dataclass(frozen=True, slots=True)
class Login:
    """A verdict, and of a good one the user."""

    verdict: Verdict
    user: ApiUser | None = None


_BAD, _LOCKED, _BUSY = Login(Verdict.BAD), Login(Verdict.LOCKED), Login(Verdict.BUSY)


@dataclass(frozen=True, slots=True)
class _Right:
    """A login that was right, and what its user was then."""

    until: float
    user: ApiUser


class Passwords:
    """Verifies logins; use `close` at the end."""

    def __init__(
        self,
        users: UserSource,
        lockout: Lockout,
        *,
        like: Iterable[StoredPassword] = (),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """*like*: passwords that some users have, where they are known beforehand."""
        self._users = users
        self._lockout = lockout
        self._clock = clock
        self._decoys = {form.kind: form.decoy() for form in like}
        self._known = _Lane(THREADS, NICENESS)
        self._strangers = _Lane(STRANGERS_THREADS, STRANGERS_NICENESS)
        self._waiting: dict[str, int] = {}
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, _Right] = OrderedDict()
        self._running: dict[tuple[bytes, str], asyncio.Task[Login]] = {}

    async def verify(self, name: str, password: str, address: str) -> Login:
        """Judge a login. Every failure is counted; an unknown user costs what a known one does.

        Raises:
            UsersOutOfReach: nobody knows whether there is such a user.

        """
        login = await self._login(name, password, address)
        if login.verdict is Verdict.GOOD and login.user is not None:
            for called in {name, login.user.name}:
                self._lockout.succeeded(called, address)
        return login

    def close(self) -> None:
        """End the threads."""
        self._known.close()
        self._strangers.close()

    async def _login(self, name: str, password: str, address: str) -> Login:
        mark = self._mark(name, password)
        if self._lockout.locked(name, address):
            return _LOCKED  # and in a flood nobody is asked for the user
        user = await self._users.find(name)
        # What is remembered is let in after that only: of who guesses on while locked, the right
        # guess would be told from the wrong ones.
        if self._locked(user, name, address):
            return _LOCKED
        left = self._remembered_for(mark, user)
        if left > 0 and user is not None:
            if left < RENEWED_SECONDS:
                _ = self._judgement(mark, name, password, address)  # nobody waits for it
            return _let_in(user, address)
        return await asyncio.shield(self._judgement(mark, name, password, address))

    def _judgement(
        self, mark: bytes, name: str, password: str, address: str
    ) -> asyncio.Task[Login]:
        """The verification that runs. Twenty screens of one office with the same login need one."""
        running = self._running.get((mark, address))
        if running is None:
            running = asyncio.create_task(self._verify(mark, name, password, address))
            self._running[mark, address] = running
            running.add_done_callback(lambda task: self._ended(task, mark, address))
        return running

    def _ended(self, task: asyncio.Task[Login], mark: bytes, address: str) -> None:
        self._running.pop((mark, address), None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; of a renewal nobody needs to hear

    async def _verify(self, mark: bytes, name: str, password: str, address: str) -> Login:
        user = await self._users.find(name)
        if not self._form(user, name).slow:
            return await self._judge(mark, name, password, address, self._strangers)
        if not self._room_for(address):
            return _BUSY
        self._waiting[address] = self._waiting.get(address, 0) + 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._in_turn(mark, name, password, address, _called(user, name))
        except TimeoutError:
            return _BUSY
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    def _room_for(self, address: str) -> bool:
        everybody = sum(self._waiting.values())
        return everybody < WAITING and self._waiting.get(address, 0) < WAITING_PER_ADDRESS

    async def _in_turn(
        self, mark: bytes, name: str, password: str, address: str, called: str
    ) -> Login:
        lane = self._known if self._lockout.knows(called, address) else self._strangers
        async with lane.turn:
            return await self._judge(mark, name, password, address, lane)

    async def _judge(
        self, mark: bytes, name: str, password: str, address: str, lane: "_Lane"
    ) -> Login:
        user = await self._users.find(name)  # while we waited, much may have happened
        # Those before us in the row may have used up the tries.
        if self._locked(user, name, address):
            return _LOCKED
        form = self._form(user, name)
        right = await self._matches(form, password[:LONGEST_PASSWORD], lane)
        if not right or user is None or not user.may_log_in:
            self._lockout.failed(_called(user, name), address)
            return _BAD
        self._remember(mark, user)
        return _let_in(user, address)

    def _locked(self, user: ApiUser | None, name: str, address: str) -> bool:
        """Whether the login is not looked at: by what was counted here, or by its user's source."""
        if user is not None and user.locked:
            return True
        return self._lockout.locked(_called(user, name), address) > 0

    async def _matches(self, wanted: StoredPassword, password: str, lane: "_Lane") -> bool:
        return await lane.run(wanted, password) if wanted.slow else wanted.matches(password)

    def _form(self, user: ApiUser | None, name: str) -> StoredPassword:
        """What the password is compared with.

        An unknown name gets a decoy of a kind that known ones have, always the same for the same
        name: how long it takes tells nobody that it is unknown.
        """
        if user is not None:
            if user.password.kind not in self._decoys and len(self._decoys) < DECOYS:
                self._decoys[user.password.kind] = user.password.decoy()
            return user.password
        decoys = list(self._decoys.values()) or [_LIKE_OURS]
        return decoys[self._mark(name, "")[0] % len(decoys)]

    def _mark(self, name: str, password: str) -> bytes:
        message = f"{name}\0{password}".encode("utf-8", "surrogatepass")
        # A keyed BLAKE2b is a MAC by itself, at a tenth of what an HMAC costs.
        return blake2b(message, key=self._secret, digest_size=32).digest()

    def _remembered_for(self, mark: bytes, user: ApiUser | None) -> float:
        right = self._right.get(mark)
        if right is None or user is None or _what_counts(right.user) != _what_counts(user):
            return 0.0
        return right.until - self._clock()

    def _remember(self, mark: bytes, user: ApiUser) -> None:
        self._right[mark] = _Right(self._clock() + REMEMBERED_SECONDS, user)
        self._right.move_to_end(mark)
        while len(self._right) > REMEMBERED:
            self._right.popitem(last=False)


class _Lane:
    """Threads for slow hashes, and the row before them."""

    def __init__(self, threads: int, niceness: int) -> None:
        self.turn = asyncio.Semaphore(threads)
        self._pool = ThreadPoolExecutor(
            threads, "password", initializer=_be_modest, initargs=(niceness,)
        )

    async def run(self, wanted: StoredPassword, password: str) -> bool:
        """Whether it matches. Have a `turn` first."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, wanted.matches, password)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _called(user: ApiUser | None, name: str) -> str:
    """What failures are counted under: VICIdial's `ANN` and `ann` are one user."""
    return name if user is None else user.name


def _let_in(user: ApiUser, address: str) -> Login:
    if not user.may_come_from(address):
        return Login(Verdict.ELSEWHERE)
    return Login(Verdict.GOOD, user)


def _what_counts(user: ApiUser) -> tuple[object, ...]:
    return user.name, user.password, user.active, user.level, user.addresses


def _be_modest(niceness: int) -> None:
    """Run in each thread at its start. Only on Linux a thread has a niceness of its own."""
    if sys.platform == "linux":
        with suppress(OSError):
            ours = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, 0, min(19, ours + niceness))
