"""A fake Asterisk manager on a real socket, for faults that the real one will not make to order.

Three parts: ``belief`` (what it takes to be true), ``speech`` (how it talks AMI), ``fake`` (what
the tester makes it do). A fake player is built on top by ``on("Originate", ...)`` and ``emit``.
``owner`` runs a link against it and remembers what the link said.
"""

from .belief import Belief
from .fake import FakeAmi
from .owner import QUICK, Owner, linked
from .speech import Fields, ReceivedAction, error, event_list, say, success

__all__ = [
    "QUICK",
    "Belief",
    "FakeAmi",
    "Fields",
    "Owner",
    "ReceivedAction",
    "error",
    "event_list",
    "linked",
    "say",
    "success",
]
