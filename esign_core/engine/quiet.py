"""Keeping HTTP libraries from logging our requests: they log whole addresses, links and all."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_is_ours: ContextVar[bool] = ContextVar("esign_request", default=False)


class _NotOurs(logging.Filter):
    """Drops what is logged while one of our own requests is made; other users log as before."""

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return not _is_ours.get()


_FILTER = _NotOurs()


def install() -> None:
    """Set the filter on the loggers; once is enough, more does no harm."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)


@contextmanager
def our_request() -> Generator[None]:
    """While this lasts, in this thread or task, HTTP libraries log nothing."""
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)
