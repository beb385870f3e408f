"""Every polite way of ending us: Ctrl-C, SIGTERM, and the terminal going away."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """A signal asked us to end. Not an Exception: nothing on the way may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The code that a shell gives to a program ended by that signal."""
        return 128 + self.number


def raise_on_signals() -> None:
    """From now on such a signal raises `Ended`, once: nothing disturbs the cleaning up."""
    for number in SIGNALS:
        # One that was ignored for us by our parent (nohup) stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def ignore_signals() -> None:
    """From now on such signals are ignored."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> None:
    ignore_signals()
    raise Ended(number)
