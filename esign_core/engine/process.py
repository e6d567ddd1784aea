"""What no process shares with the one that it was forked from."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value of which every process has its own: a fork takes no lock, socket or slot along.

    A lock that another thread held at the moment of the fork would never be released in the child.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}  # by the forks that led to a process: its id may come again
        self._locks: dict[int, threading.Lock] = {}

    def get(self) -> T:
        """This process's value; made when it is first asked for, once."""
        process = _forks.count
        made = self._made.get(process)
        if made is not None:
            return made
        with self._locks.setdefault(process, threading.Lock()):
            made = self._made.get(process)
            if made is None:
                made = self._made[process] = self._make()
        return made

    def forget(self) -> T | None:
        """This process's value, which is no longer it; None if none was made."""
        return self._made.pop(_forks.count, None)


class _Forks:
    """How many forks led to this process."""

    count = 0

    def add(self) -> None:
        """This process is the child of one."""
        self.count += 1


_forks = _Forks()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forks.add)
