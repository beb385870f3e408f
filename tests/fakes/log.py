"""All that is logged, at the lowest level, for as long as a test wants to read it."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from callcue import logs


@dataclass(frozen=True)
class Log:
    """What has been written so far."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        """Every line as JSON, of those that have these fields."""
        found = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in found if fields.items() <= line.items()]


@contextmanager
def logged(monkeypatch: pytest.MonkeyPatch, level: str = "debug") -> Iterator[Log]:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    root = logging.getLogger()
    kept, before = root.handlers[:], root.level
    logs.configure(level, "json")
    yield Log(text)
    root.handlers[:] = kept
    root.setLevel(before)
