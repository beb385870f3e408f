"""For whom something is done: the id of the request, wherever its consequences run.

A request's own task has it in `REQUEST`. What outlives that task (a command in the row, a playback)
keeps it, and whoever carries it on sets it again: an event comes from Asterisk and knows of none.
"""

from contextvars import ContextVar

REQUEST: ContextVar[str] = ContextVar("callcue_request", default="")
"""The request that is being served here; empty where nobody has asked."""
