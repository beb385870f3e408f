"""Who asks: the checks before the function, in VICIdial's order."""

from callcue.api.passwords import ApiUser, Passwords, Verdict

from . import replies, wire
from .parameters import Parameters

_SHORTEST = 2
_WORDS = {Verdict.BAD: wire.BAD, Verdict.LOCKED: wire.LOCK, Verdict.BUSY: wire.ERRSERVERS}


class Refused(Exception):
    """The request ends here, with that line."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


class Users:
    """The users of this dialect, and their logins."""

    def __init__(self, users: tuple[ApiUser, ...], passwords: Passwords) -> None:
        self._by_name = {user.name: user for user in users}
        self._by_alt = {user.alt_user: user.name for user in reversed(users) if user.alt_user}
        self._passwords = passwords

    async def log_in(self, asked: Parameters, address: str) -> ApiUser:
        """The user who asks.

        Raises:
            Refused: user and password are not right, or are not looked at for now.

        """
        verdict = Verdict.BAD
        if len(asked.user) >= _SHORTEST and len(asked.password) >= _SHORTEST:
            verdict = await self._passwords.verify(asked.user, asked.password, address)
        if verdict is not Verdict.GOOD:
            raise Refused(replies.invalid_login(asked.user, _WORDS[verdict]))
        return self._by_name[asked.user]

    def agent_of(self, alt_user: str) -> str | None:
        """The first user who has that other name."""
        return self._by_alt.get(alt_user)
