"""How each operation is asked by curl, to be pasted into a shell."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from .operations import EXAMPLE_SECRET

_OWN_SECRET = "'\"$SECRET\"'"
"""Within single quotes: these end, and begin again."""

_NAMES = {
    "workspaceId": "WORKSPACE",
    "channelId": "CHANNEL",
    "callId": "CALL",
    "playbackId": "PLAYBACK",
    "webhookId": "WEBHOOK",
    "name": "SOUND",
}

VARIABLES = """\
CALLCUE=http://127.0.0.1:8080
KEY=demo-access-key
WORKSPACE=11111111-1111-4111-8111-111111111111
CHANNEL=22222222-2222-4222-8222-222222222222
CALL=
PLAYBACK=
SOUND=offer
WEBHOOK=
SECRET=whsec_$(openssl rand -base64 32)"""


def command(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The command line, over several lines where it is long."""
    for name, variable in _NAMES.items():
        path = path.replace(f"{{{name}}}", f"${variable}")
    words = ["curl" if method == "get" else f"curl -X {method.upper()}"]
    if operation["security"]:
        words.append('-H "Authorization: AccessKey $KEY"')
    if body := operation.get("requestBody"):
        ((media_type, content),) = body["content"].items()
        words.append(f"-H 'Content-Type: {media_type}'")
        if content["schema"]:
            # Nobody is to paste a secret that is published.
            example = shlex.quote(json.dumps(content["example"]))
            words.append(f"-d {example.replace(EXAMPLE_SECRET, _OWN_SECRET)}")
        else:
            words.append("--data-binary @offer.mp3")
    words.append(f'"$CALLCUE{path}"')
    return " ".join(words) if len(words) == 2 else " \\\n  ".join(words)
