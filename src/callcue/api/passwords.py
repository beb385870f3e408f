"""Are this user and this password right? Slow by design, so bounded in every direction.

A hash costs tens of milliseconds and 64 MiB. A right answer is remembered for a minute, and only
while the user is as it was. Users that have been right from their address before have a lane of
their own, everybody else shares one that gives way to all others: a flood of wrong passwords delays
strangers, not those who work.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from time import monotonic

from .decoys import Decoys
from .lanes import NICENESS, STRANGERS_NICENESS, STRANGERS_THREADS, THREADS, Lane
from .lockout import Lockout
from .remembered import RENEWED_SECONDS, Remembered
from .stored_passwords import StoredPassword
from .users import ApiUser, UserSource

WAITING = 256
WAITING_PER_ADDRESS = 64
PATIENCE_SECONDS = 5.0
LONGEST_PASSWORD = 256


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
        self._decoys = Decoys(like)
        self._remembered = Remembered(clock)
        self._known = Lane(THREADS, NICENESS)
        self._strangers = Lane(STRANGERS_THREADS, STRANGERS_NICENESS)
        self._waiting: dict[str, int] = {}
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
        mark = self._remembered.mark(name, password)
        if self._lockout.locked(name, address):
            return _LOCKED  # and in a flood nobody is asked for the user
        user = await self._users.find(name)
        # What is remembered is let in after that only: of who guesses on while locked, the right
        # guess would be told from the wrong ones.
        if self._locked(user, name, address):
            return _LOCKED
        left = self._remembered.seconds_left(mark, user)
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
        if not self._decoys.form(user, name).slow:
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
        self, mark: bytes, name: str, password: str, address: str, lane: Lane
    ) -> Login:
        user = await self._users.find(name)  # while we waited, much may have happened
        # Those before us in the row may have used up the tries.
        if self._locked(user, name, address):
            return _LOCKED
        form = self._decoys.form(user, name)
        right = await self._matches(form, password[:LONGEST_PASSWORD], lane)
        if not right or user is None or not user.may_log_in:
            self._lockout.failed(_called(user, name), address)
            return _BAD
        self._remembered.keep(mark, user)
        return _let_in(user, address)

    def _locked(self, user: ApiUser | None, name: str, address: str) -> bool:
        """Whether the login is not looked at: by what was counted here, or by its user's source."""
        if user is not None and user.locked:
            return True
        return self._lockout.locked(_called(user, name), address) > 0

    async def _matches(self, wanted: StoredPassword, password: str, lane: Lane) -> bool:
        return await lane.run(wanted, password) if wanted.slow else wanted.matches(password)


def _called(user: ApiUser | None, name: str) -> str:
    """What failures are counted under: VICIdial's `ANN` and `ann` are one user."""
    return name if user is None else user.name


def _let_in(user: ApiUser, address: str) -> Login:
    if not user.may_come_from(address):
        return Login(Verdict.ELSEWHERE)
    return Login(Verdict.GOOD, user)
