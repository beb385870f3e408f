"""The settings read again, while calls go on: all of what is new, or nothing of it.

Whatever can fail is done before anything changes. Then each part takes over what is its own. What
cannot be changed while callcue runs stays as it was, and is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from callcue.asterisk.server import AsteriskAddress
from callcue.core.controller import Controller
from callcue.fleet import Fleet
from callcue.settings import Settings
from callcue.settings.tables import Asterisk
from callcue.telephony import Telephony

RELOADED = frozenset({"log", "asterisk", "agents", "limits", "users", "workspaces"})
"""The tables that a reload takes over; of `vicidial` it takes `servers` alone."""

OF_THE_START = ("media_folder", "media_url")
"""Of an Asterisk that is there already: how clips get to it stays as it was."""

Heed = Callable[[Settings], None]
"""Takes over, from the settings, what concerns one part. It cannot fail."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reload."""

    done: tuple[str, ...]
    """What has changed, a line each."""
    needs_restart: tuple[str, ...]
    """What has changed in the file, and stays as it was."""

    @property
    def lines(self) -> tuple[str, ...]:
        """For the operator."""
        stays = ", ".join(self.needs_restart)
        told = (f"needs a restart, and stays as it was: {stays}",) if stays else ()
        return (*self.done, *told) or ("nothing has changed",)


class Reloader:
    """Brings the service from the settings in force to others."""

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet[Telephony],
        controller: Controller,
        *,
        enlist: Callable[[Asterisk, Settings], Telephony],
        address: Callable[[Settings, Asterisk], AsteriskAddress],
        heeds: list[Heed],
    ) -> None:
        """*settings*: those in force.

        *enlist* makes a server ready to run, *address* says where one is; both may raise
        `SettingsError`. *heeds* may grow until the first reload.
        """
        self._settings = settings
        self._fleet = fleet
        self._controller = controller
        self._enlist = enlist
        self._address = address
        self.heeds = heeds

    async def reload(self, fresh: Settings) -> Reloaded:
        """Put *fresh* in force, as far as that can be done without a restart.

        Raises:
            SettingsError: they cannot be used, and nothing has changed.

        """
        old = self._settings
        new, needs_restart = _in_force(old, fresh)
        known = {asterisk.name: asterisk for asterisk in old.asterisk}
        added = [self._enlist(one, new) for one in new.asterisk if one.name not in known]
        moved = {
            one.name: self._address(new, one)
            for one in new.asterisk
            if one.name in known and one != known[one.name]
        }
        removed = [name for name in old.servers if name not in new.servers]
        done = [*self._add(added), *self._move(moved)]
        if new.agents != old.agents:
            for server in self._fleet.servers:
                server.seat(new.agents_of(server.name))
        self._settings = new
        for heed in self.heeds:
            heed(new)
        done += [line for name in removed for line in await self._remove(name)]
        done += [f"[{name}] is in force" for name in _changed(old, new) if name != "asterisk"]
        return Reloaded(tuple(done), tuple(needs_restart))

    def _add(self, servers: Sequence[Telephony]) -> list[str]:
        for server in servers:
            self._controller.add_server(server)
            self._fleet.add(server)
        return [f"asterisk {server.name} is added" for server in servers]

    def _move(self, moved: dict[str, AsteriskAddress]) -> list[str]:
        for server in self._fleet.servers:
            if server.name in moved:
                server.move(moved[server.name])
        return [f"asterisk {name} has changed, and is connected anew" for name in moved]

    async def _remove(self, name: str) -> list[str]:
        left = self._controller.remove_server(name)
        await self._fleet.remove(name)
        told = f"; {left} playing there play to their end, without callcue" if left else ""
        return [f"asterisk {name} is removed{told}"]


def _in_force(old: Settings, fresh: Settings) -> tuple[Settings, list[str]]:
    """*fresh* as far as it can be in force without a restart, and what cannot."""
    needs_restart: list[str] = []
    known = {asterisk.name: asterisk for asterisk in old.asterisk}
    asterisks = []
    for asterisk in fresh.asterisk:
        before = known.get(asterisk.name, asterisk)
        stays = {n: getattr(before, n) for n in OF_THE_START}
        needs_restart += [
            f"{name} of asterisk {asterisk.name}"
            for name in OF_THE_START
            if getattr(asterisk, name) != stays[name]
        ]
        asterisks.append(asterisk.model_copy(update=stays))
    update: dict[str, Any] = {name: getattr(fresh, name) for name in RELOADED}
    servers = {"servers": fresh.vicidial.servers}
    update |= {"asterisk": tuple(asterisks), "vicidial": old.vicidial.model_copy(update=servers)}
    new = old.model_copy(update=update)
    return new, [f"[{name}]" for name in _changed(new, fresh) if name != "asterisk"] + needs_restart


def _changed(one: Settings, other: Settings) -> list[str]:
    """The tables in which they differ, in the order of the settings."""
    return [n for n in Settings.model_fields if getattr(one, n) != getattr(other, n)]
