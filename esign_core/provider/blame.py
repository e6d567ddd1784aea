"""Running a plugin's code: whatever it raises that it may not is its fault, and told as such."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from esign_core.errors import BrokenProvider, EsignError


@contextmanager
def blamed(what: str) -> Generator[None]:
    """Run an adapter's code; what it may not raise becomes a `BrokenProvider`.

    Cancellation never reaches code that does not await, so even a `CancelledError` from in here
    is the adapter's own. Ctrl-C and a server's signal to stop do reach it, and go on.
    """
    try:
        yield
    except EsignError:
        raise
    except BaseException as error:
        if is_signal(error):
            raise
        raise BrokenProvider(
            f"{type(error).__name__} in {what}: a fault of the adapter, not of yours; please "
            "report it with the traceback"
        ) from error


def is_signal(error: BaseException) -> bool:
    """Whether it may be somebody who stops the process: signals come to the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        return False
    return isinstance(error, (KeyboardInterrupt, SystemExit))
