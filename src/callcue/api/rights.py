"""What a request needs in order to be let in."""

from enum import StrEnum


class Right(StrEnum):
    """The right of a route; the values of scopes are the words of the settings."""

    OPEN = "open"
    """Anybody may ask."""
    API_USER = "api user"
    """A user name and a password, and the function among those the user may use."""
    UPSTREAM = "upstream"
    """Not ours to say: the server behind us asks."""
    SIGNED = "signed"
    """The address is the credential."""
    CALLS_READ = "calls:read"
    PLAYBACK_WRITE = "playback:write"
    MEDIA_WRITE = "media:write"
    WEBHOOKS_WRITE = "webhooks:write"
    """See and change them: what they are told is the workspace's, wherever they are."""
    OPERATOR = "operator"
    """See what others did."""
    HERE_OR_OPERATOR = "from this machine, or operator"
    """Who asks from loopback is asked for no key; everybody else for an operator's."""
