"""Logs: one line of JSON for each event, with the request's id and never a text.

What is logged of a request is its method, the template of its route (a path may hold an id of a respondent), status,
duration, counts and the id of the key. Of an unforeseen error only its type and where it was raised: its message may
hold what the caller sent.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any

LOGGER = logging.getLogger("textcx.service")
FIELDS = "fields"


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time (UTC), level, logger, event, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what a library put into ``exc_info`` is reduced to its type."""
        line: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line)


class PlainLines(logging.Formatter):
    """Formats a record for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, fields as ``name=value``."""
        fields = " ".join(f"{name}={value}" for name, value in getattr(record, FIELDS, {}).items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{clock} {record.levelname.lower():<7} {record.getMessage()} {fields}".rstrip()


class _StandardError(logging.Handler):
    """Writes to what is standard error when it writes: whoever put another there, and closed it, is not written to."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - a log never stops what it reports
            self.handleError(record)


def set_up_logs(*, form: str, level: str) -> None:
    """Send the logs of the service and of the server to standard error, once for all."""
    handler = _StandardError()
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    for name in ("textcx", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())


def log(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log an event with its fields. Nothing that a caller sent belongs into them."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, extra={FIELDS: fields})


def where(error: BaseException) -> list[str]:
    """Say where an error was raised, innermost last: file, line and function, at most 12 of them, no message."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames]
