"""What is logged, and what never is.

Everything, our own lines and those of libraries, goes through structlog to stderr; ours straight,
because the way through `logging` alone would be a tenth of what a command costs.

Three leaks are closed here, as they would be leaks of passwords: tracebacks show no local
variables, what aiohttp says of a request that is no HTTP does not quote the request, and its access
log, which quotes every query, is off.
"""

import logging
import sys
from contextlib import suppress
from functools import partial
from typing import Literal, TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError

from callcue.core.tracing import REQUEST

Format = Literal["auto", "console", "json"]


def _with_request(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Say in whose request this happens, unless the line itself says it."""
    request = line.get("request") or REQUEST.get()
    if request:
        line["request"] = request
    else:
        line.pop("request", None)
    return line


_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    _with_request,
    structlog.processors.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class Lines:
    """Writes lines. Nobody fails because a line cannot be written: whoever reads may have gone."""

    def __init__(self, stream: TextIO, name: str) -> None:
        """*name*: of the one who logs."""
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        """Write one, and at once."""
        with suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = msg


class QuotesNoRequest(logging.Filter):
    """Takes the exception off aiohttp's lines about broken requests: its text is the request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line through, without what it may not say."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if isinstance(error, HttpProcessingError):
            record.msg = f"{record.getMessage()}: no usable HTTP ({type(error).__name__})"
            record.args, record.exc_info, record.exc_text = (), None, None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def configure(level: str = "info", form: Format = "auto") -> None:
    """Set logging up for this process. May be called again."""
    last = _last(form)
    structlog.configure(
        processors=[*_SHARED, *last],
        logger_factory=partial(Lines, sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    # What no line of ours shows is not looked up for each line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(QuotesNoRequest())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Its lines have the query, and the query has the password. Ours are in `api.requests`.
    logging.getLogger("aiohttp.access").disabled = True
    # At debug level these tell every statement with its values, and the store has hashes.
    for library in ("aiosqlite", "sqlalchemy"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # At debug level asyncio tells of its selector, and nobody wants to know.
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _last(form: Format) -> list[structlog.typing.Processor]:
    if form == "console" or (form == "auto" and sys.stderr.isatty()):
        return [_on_a_terminal()]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _on_a_terminal() -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
