"""The function `webserver`: what runs here, under the labels that VICIdial has for its own."""

import os
import platform
import shutil
import time
from pathlib import Path

from aiohttp import __version__ as aiohttp_version

from callcue.api.users import ApiUser

from . import replies, wire
from .functions import Said
from .parameters import Parameters
from .playback import LONGEST_WAIT
from .request import LARGEST_FORM

_LOCALTIME = Path("/etc/localtime")


class Webserver:
    """See `functions.Function`."""

    def __init__(self, build: str, *, upstream_seconds: float = 0) -> None:
        """*build*: our version; *upstream_seconds*: how long a server behind us may be silent."""
        self._build = build
        self._upstream_seconds = upstream_seconds

    async def answer(self, asked: Parameters, user: ApiUser) -> Said:
        """See `functions.Function.answer`."""
        if not user.may(asked.function):
            return Said(replies.no_permission_here(asked, user.group), ends_here=True)
        lines = "".join(f"{label}: {fact}\n" for label, fact in self._facts().items())
        return Said(wire.WEBSERVER.format(facts=lines), ends_here=True)

    def _facts(self) -> dict[str, object]:
        now = time.localtime()
        zone = _time_zone() or now.tm_zone
        return {
            "set.timezone": zone,
            "abbr.timezone": now.tm_zone,
            "dst.timezone": int(now.tm_isdst > 0),
            "uname": f"{platform.system()} {platform.release()} {platform.machine()}",
            "host name": platform.node(),
            "server name": platform.node(),
            "php version": f"none (Python {platform.python_version()})",
            "apache version": f"none (callcue {self._build}, aiohttp {aiohttp_version})",
            "apache processes": 1,
            "system load average": round(os.getloadavg()[0], 2),
            "disk free space": shutil.disk_usage("/").free,
            "date.timezone": zone,
            "maximum execution time": round(LONGEST_WAIT),
            "maximum input time": -1,
            "memory limit": -1,
            "post maximum size": LARGEST_FORM,
            "upload maximum filesize": 0,
            "default socket timeout": round(self._upstream_seconds),
        }


def _time_zone() -> str:
    named = os.environ.get("TZ", "").lstrip(":")
    return named or os.path.realpath(_LOCALTIME).partition("zoneinfo/")[2]
