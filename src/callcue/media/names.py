"""Which names a clip may have. The only place that says so.

A sound name ends up in a channel variable of Asterisk and from there in the arguments of a
dialplan application. So it is not escaped but admitted: what is not of this alphabet (a slash, a
dot, a comma, `${`, a line end) names no sound, wherever it comes from.
"""

import re

LONGEST_NAME = 80
"""Characters; Asterisk's own limit for what it makes of a name lies far higher."""

NAME_PATTERN = rf"[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}"

_SOUND_NAME = re.compile(NAME_PATTERN)


def is_sound_name(text: str) -> bool:
    """Whether *text* may be the name of a sound, without folder and without extension."""
    return _SOUND_NAME.fullmatch(text) is not None


def is_url(media: str) -> bool:
    """Whether what a client names is meant as a URL, and so no sound's name."""
    return media.lower().startswith(("http://", "https://"))
