"""What can be refused, by the name of the situation. No HTTP here: each dialect has its answers.

A test holds that every error below has an answer in every dialect.
"""


class CallcueError(Exception):
    """The base of all refusals."""


class CallNotFound(CallcueError):
    """No such call, or none that the asker may see."""


class AgentNotLoggedIn(CallcueError):
    """No room is known for this agent."""


class NothingPlaying(CallcueError):
    """The command needs a playback and there is none."""


class AlreadyPlaying(CallcueError):
    """A clip plays, and the command was neither to replace it nor to wait for it."""


class QueueFull(CallcueError):
    """As many playbacks wait as may wait in one session."""


class TooManyCommands(CallcueError):
    """As many commands wait as may wait in one session."""


class TooManySessions(CallcueError):
    """As many calls are being played to as may be."""


class ClipFailed(CallcueError):
    """One item of a list cannot be played, and this says which and why."""

    def __init__(self, index: int, media: str, why: str) -> None:
        """*index* counts from 0 in the list that was asked for; *why*: in a few plain words."""
        super().__init__(f"item {index + 1}: {why}")
        self.index = index
        self.media = media
        self.why = why


class ClipNotFound(ClipFailed):
    """Asterisk has no such sound, in any format it can play."""

    def __init__(self, index: int, media: str) -> None:
        """*index* counts from 0 in the list that was asked for."""
        super().__init__(index, media, "there is no such sound")


class AudioStoreFull(CallcueError):
    """There is no room for another clip."""


class AudioStoreBusy(CallcueError):
    """As many clips are on their way into the audio store as may be."""


class RecordUnavailable(CallcueError):
    """The record cannot be read or written now, and without it nothing was begun."""


class CannotPlayHere(CallcueError):
    """Nothing can be played where the call is now, or not to that audience; the text says why."""


class OutOfRange(CallcueError):
    """A seek to an item that the list does not have."""


class AsteriskUnavailable(CallcueError):
    """Asterisk is out of reach: nothing was done, and trying again later is safe."""


class ServiceEnding(CallcueError):
    """The service has been told to end, and begins nothing more."""


class StopRemembered(AsteriskUnavailable):
    """Asterisk is out of reach: the STOP is done as soon as it is back."""


class NotStarted(CallcueError):
    """The playback was accepted and never became audible; the text says why."""


class NotConfirmed(CallcueError):
    """Asterisk took the command and did not confirm it in time."""
