"""Commands that run until somebody ends them."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def until_interrupted() -> Generator[None]:
    """Ctrl-C and SIGTERM end the block in good order, and are no failure."""
    before = {
        # a shell that starts a job in the background has it ignore SIGINT
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.signal(signal.SIGTERM, _interrupt),
    }
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            _ = signal.signal(number, handler)


def sleep_until_interrupted() -> None:
    """Do nothing until then."""
    while True:
        time.sleep(1)  # a signal just before it begins to sleep is noticed when it ends


def _interrupt(number: int, frame: FrameType | None) -> None:
    """As Ctrl-C does: event loops have a handler of their own for that."""
    del number, frame
    signal.raise_signal(signal.SIGINT)
