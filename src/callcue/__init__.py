"""callcue plays the right clip into a live Asterisk call, on cue, and tells the truth about it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("callcue")
except PackageNotFoundError:  # run from a tree that was never installed
    __version__ = "0+unknown"
