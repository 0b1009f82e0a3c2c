"""What a service logs: one line a request, and of an error where it happened, never what the request said."""

import logging
import traceback
from types import TracebackType
from typing import Any

LEVELS = ("debug", "info", "warning", "error")
"""How much is logged."""


class QuietFormatter(logging.Formatter):
    """Writes a traceback without messages and source lines: a message may quote the request."""

    def formatException(  # noqa: N802 (logging's own name)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Return the kind of the error and its frames, the innermost last."""
        kind, _, trace = ei
        frames = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([*frames, kind.__name__ if kind is not None else "no error"])


def log_settings(level: str) -> dict[str, Any]:
    """Return the settings of `logging.config` for a service: all to standard error, errors through `QuietFormatter`."""
    formatter = {"()": QuietFormatter, "format": "%(asctime)s %(levelname)s %(message)s"}
    logger = {"handlers": ["stderr"], "level": level.upper(), "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"quiet": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "quiet", "stream": "ext://sys.stderr"}},
        "loggers": {"cladmop.server": logger, "uvicorn": logger},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }
