"""What the texts of the settings may consist of: admitted, not escaped.

Several of them end up in commands to Asterisk or in answers with `|` between the fields.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints


def _text(pattern: str) -> Any:
    return StringConstraints(pattern=pattern)


def _listed(value: Any) -> Any:
    return value.split() if isinstance(value, str) else value


Name = Annotated[str, _text(r"^[A-Za-z0-9_.-]{1,64}$")]
"""A server, a key, a workspace's label."""

Host = Annotated[str, _text(r"^[A-Za-z0-9_.:-]{1,253}$")]
"""A host name or an address."""

Username = Annotated[str, _text(r"^[A-Za-z0-9_-]{2,100}$")]
"""Of an API user: what VICIdial's sanitising leaves as it is."""

Group = Annotated[str, _text(r"^[A-Za-z0-9_ -]{0,100}$")]
"""A user group, printed in one answer."""

AltUser = Annotated[str, _text(r"^[A-Za-z0-9]{0,100}$")]

Function = Annotated[str, _text(r"^[A-Za-z0-9_-]{1,100}$")]

Agent = Annotated[str, _text(r"^[A-Za-z0-9_-]{1,100}$")]

Application = Annotated[str, _text(r"^[A-Za-z0-9_]{1,40}$")]
"""Of a dialplan."""

Variable = Annotated[str, _text(r"^[A-Za-z_][A-Za-z0-9_]{0,79}$")]
"""Of a channel."""

Audience = Annotated[str, _text(r"^(everyone|agent|caller)$")]

AgentRoom = Annotated[str, _text(r"^[A-Za-z0-9_-]{1,40}(@[A-Za-z0-9_.-]{1,64})?$")]
"""A conference, and behind the @ the Asterisk that has it."""

Context = Annotated[str, _text(r"^[A-Za-z0-9_-]{0,40}$")]
"""Of a dialplan; empty is none."""

ServerIp = Annotated[str, _text(r"^[0-9A-Fa-f.:]{6,45}$")]
"""As VICIdial writes it into its tables."""

DatabaseName = Annotated[str, _text(r"^[A-Za-z0-9_$-]{1,64}$")]

DatabaseUser = Annotated[str, _text(r"^[A-Za-z0-9_.-]{1,80}$")]

Pattern = Annotated[str, _text(r"^[A-Za-z0-9_@./:;+*?!\[\]-]{1,100}$")]
"""As of a shell: * and ? and [abc]."""

Scope = Annotated[str, _text(r"^(calls:read|playback:write|media:write|webhooks:write|operator)$")]

Words = Annotated[tuple[Function, ...], BeforeValidator(_listed)]
"""A list, or one text with blanks between the words, as VICIdial keeps them."""

MediaHost = Annotated[str, _text(r"^(\[[0-9a-f:.]+\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?$")]
"""As URLs have it, in small letters; without a port the usual ones are meant."""

MediaFolder = Annotated[str, _text(r"^[A-Za-z0-9_./-]{0,200}$")]
"""As Asterisk calls it: absolute, or below its sounds; empty is the same path as ours."""

Origin = Annotated[str, _text(r"^(\*|[a-z][a-z0-9+.-]*://[A-Za-z0-9_.:\[\]-]{1,253}|null)$")]
"""Of a browser's page: scheme and host, or `*` for any."""

Method = Annotated[str, _text(r"^[A-Z]{1,20}$")]

HeaderName = Annotated[str, _text(r"^[A-Za-z0-9-]{1,100}$")]

BaseUrl = Annotated[
    str, _text(r"^https?://[A-Za-z0-9_.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9_.~-]{1,100}){0,8}/?$")
]
"""Where a server is: no user, no password, no query."""
