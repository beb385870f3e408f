"""Who asks: the checks before the function, in VICIdial's order."""

from callcue.api.passwords import Passwords, Verdict
from callcue.api.users import ApiUser, UserSource, UsersOutOfReach

from . import replies, wire
from .parameters import Parameters

_SHORTEST = 2
_WORDS = {Verdict.BAD: wire.BAD, Verdict.LOCKED: wire.LOCK, Verdict.BUSY: wire.ERRSERVERS}


class Refused(Exception):
    """The request ends here, with that line, whose last word says why."""

    def __init__(self, line: str, word: str) -> None:
        super().__init__(line)
        self.line = line
        self.word = word


class Users:
    """The users of this dialect, and their logins."""

    def __init__(self, users: UserSource, passwords: Passwords) -> None:
        self._users = users
        self._passwords = passwords

    async def log_in(self, asked: Parameters, address: str) -> ApiUser:
        """The user who asks.

        Raises:
            Refused: user and password are not right, or are not looked at for now.

        """
        verdict = Verdict.BAD
        if len(asked.user) >= _SHORTEST and len(asked.password) >= _SHORTEST:
            verdict = await self._passwords.verify(asked.user, asked.password, address)
        try:
            user = await self._users.find(asked.user) if verdict is Verdict.GOOD else None
        except UsersOutOfReach:
            user, verdict = None, Verdict.BUSY
        # A login is remembered for a while; whether the user may log in is asked each time.
        if user is None or not user.may_log_in:
            word = _WORDS.get(verdict, wire.BAD)
            raise Refused(replies.invalid_login(asked.user, word), word)
        return user

    async def agent_of(self, alt_user: str) -> str | None:
        """The first user who has that other name.

        Raises:
            UsersOutOfReach: nobody is there to ask.

        """
        return await self._users.named_by(alt_user)
