"""The demonstration mode: credentials that everybody knows, and commands ready to paste.

Off unless asked for. Nothing of it is in the settings file; the hashes are made at each start.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Protocol
from uuid import UUID

from argon2 import PasswordHasher
from pydantic import SecretStr

from callcue.api.health import Readiness
from callcue.api.keys import digest
from callcue.core.ports import Call, CallDirectory
from callcue.core.types import Alone
from callcue.settings import Settings
from callcue.settings.tables import Channel, Key, User, Workspace

USER, PASSWORD = "6666", "1234"
ACCESS_KEY = "demo-access-key"
WORKSPACE = UUID("11111111-1111-4111-8111-111111111111")
CHANNEL = UUID("22222222-2222-4222-8222-222222222222")
SCOPES = ("calls:read", "playback:write", "media:write", "webhooks:write")
AGENT = "1000"
SOUND = "ss-noservice"

PATIENCE_SECONDS = 15.0
"""Until we say why Asterisk is not ready."""

WARNING = (
    "DEMONSTRATION MODE: the user 6666 and the access key demo-access-key are open to everybody"
    " who reaches this port. Never use it where real calls are."
)


def with_demo_credentials(settings: Settings) -> Settings:
    """The same settings, and the user and the workspace that everybody knows besides."""
    user = User(user=USER, password_hash=SecretStr(_password_hash()))
    key = Key(name="demo", sha256=SecretStr(digest(ACCESS_KEY)), scopes=SCOPES)
    workspace = Workspace(id=WORKSPACE, name="demo", channels=(Channel(id=CHANNEL),), keys=(key,))
    return settings.model_copy(
        update={
            "users": (*(u for u in settings.users if u.user != USER), user),
            "workspaces": (*(w for w in settings.workspaces if w.id != WORKSPACE), workspace),
        }
    )


@cache
def _password_hash() -> str:
    """Made once, so that the same settings read again are the same."""
    return PasswordHasher().hash(PASSWORD)


class Asterisk(Protocol):
    """One that can be asked whether it is ready."""

    def readiness(self) -> Readiness:
        """Whether it is."""


async def until_ready(
    servers: Sequence[Asterisk], enough: Callable[[Iterable[bool]], bool], seconds: float
) -> None:
    """Wait until `all` or `any` of them are ready, but not longer than so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    def waiting() -> bool:  # it is polled, not told
        return not enough(server.readiness().ready for server in servers)

    while waiting() and loop.time() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def base_url(host: str, port: int) -> str:
    """Where a browser or curl on this machine reaches the service."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    name = anywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def choose(directory: CallDirectory) -> tuple[str | None, Call | None]:
    """An agent who is logged in, and the call of a customer, in the agent's room if possible."""
    calls = sorted(directory.calls(), key=lambda call: (call.place.name, call.channel))
    agents = [AGENT, *(call.agent for call in calls if call.agent)]
    agent = next((name for name in agents if directory.agent_session(name)), None)
    session = directory.agent_session(agent) if agent else None
    room = session.place if session else None
    calls.sort(key=lambda call: (call.place != room, isinstance(call.place, Alone), call.is_agent))
    return agent, calls[0] if calls else None


def vicidial_commands(base: str, agent: str) -> Iterator[tuple[str, str]]:
    """What a screen sends: title and command."""
    who = f"source=test&user={USER}&pass={PASSWORD}&agent_user={agent}"
    api = f"{base}/agc/api.php?{who}&function=audio_playback"
    yield "play a clip", f"curl '{api}&value={SOUND}&stage=PLAY'"
    for stage in ("PAUSE", "RESUME", "RESTART"):
        yield stage.lower(), f"curl '{api}&stage={stage}'"
    override = f"{api}&value={SOUND}&stage=PLAY&dial_override=Y"
    yield "play another instead", f"curl '{override}'"
    yield "stop", f"curl '{api}&stage=STOP'"


def bird_commands(base: str, call: Call | None) -> Iterator[tuple[str, str]]:
    """What an integrator sends: title and command."""
    key = f"-H 'Authorization: AccessKey {ACCESS_KEY}'"
    calls = f"{base}/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls"
    yield "the live calls", f"curl {key} '{calls}'"
    if call is None:
        return
    playback = f"{calls}/{call.id}/playback"
    body = f'{{"media":["sound:{SOUND}"],"loop":0,"timeout":0,"pauseMilliseconds":0}}'
    json = "-H 'Content-Type: application/json'"
    yield "play a clip", f"curl {key} {json} -d '{body}' '{playback}'"
    yield "where it stands", f"curl {key} '{playback}'"
    for verb in ("pause", "resume", "restart", "stop"):
        yield verb, f"curl {key} -X POST '{playback}/{verb}'"


def invitation(base: str, directory: CallDirectory, asterisk: str) -> Iterator[str]:
    """What is printed when everything is ready: each command complete, on its own line."""
    agent, call = choose(directory)
    yield from ("", f"callcue is ready at {base}", f"with {asterisk}")
    yield from _section(
        f"As VICIdial, for agent {agent or AGENT}", vicidial_commands(base, agent or AGENT)
    )
    if agent is None:
        yield f"  (no agent is in a room yet: let {AGENT} in first)"
    yield from _section("As Bird", bird_commands(base, call))
    if call is None:
        yield "  (no call is live yet; the first command lists them once one is)"
    yield from ("", "Ctrl-C ends it.", "")


def _section(title: str, commands: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from ("", title)
    for what, command in commands:
        yield from ("", f"# {what}", command)
