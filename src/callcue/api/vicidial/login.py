"""Who asks: the checks before the function, in VICIdial's order."""

from callcue.api.counts import TurnedAway, Turnstile, Uncounted
from callcue.api.passwords import Passwords, Verdict
from callcue.api.users import ApiUser, UserSource, UsersOutOfReach

from . import replies, wire
from .parameters import LONGEST_NAME, Parameters

_SHORTEST = 2
_WORDS = {
    Verdict.LOCKED: wire.LOCK,
    Verdict.BUSY: wire.ERRSERVERS,
    Verdict.ELSEWHERE: wire.IPBLOCK,
}
"""Of every other verdict the word is BAD."""

_WHY = {
    wire.LOCK: TurnedAway.LOCKED_OUT,
    wire.ERRSERVERS: TurnedAway.LOGINS_BUSY,
    wire.IPBLOCK: TurnedAway.WRONG_ADDRESS,
}
"""How each is counted; BAD is a wrong login."""


class Refused(Exception):
    """The request ends here, with that line, whose last word says why."""

    def __init__(self, line: str, word: str = "") -> None:
        super().__init__(line)
        self.line = line
        self.word = word


class Users:
    """The users of this dialect, and their logins."""

    def __init__(
        self, users: UserSource, passwords: Passwords, count: Turnstile | None = None
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._count = count or Uncounted()

    async def log_in(self, asked: Parameters, address: str) -> ApiUser:
        """The user who asks.

        Raises:
            Refused: user and password are not right, or are not looked at for now.

        """
        if not _SHORTEST <= len(asked.user) <= LONGEST_NAME or len(asked.password) < _SHORTEST:
            raise self._turned_away(asked, wire.BAD)
        try:
            login = await self._passwords.verify(asked.user, asked.password, address)
        except UsersOutOfReach:
            raise _refused(asked, wire.ERRSERVERS) from None
        if login.user is None:
            raise self._turned_away(asked, _WORDS.get(login.verdict, wire.BAD))
        return login.user

    def _turned_away(self, asked: Parameters, word: str) -> Refused:
        self._count.turned_away(_WHY.get(word, TurnedAway.WRONG_LOGIN))
        return _refused(asked, word)

    async def agent_of(self, alt_user: str) -> str | None:
        """The first user who has that other name.

        Raises:
            UsersOutOfReach: nobody is there to ask.

        """
        if len(alt_user) > LONGEST_NAME:
            return None
        return await self._users.named_by(alt_user)


def _refused(asked: Parameters, word: str) -> Refused:
    return Refused(replies.invalid_login(asked.user, word), word)
