"""What an examination finds: what is wrong, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    """It was looked at, and is as it should be."""
    WARNING = "warning"
    """It works, and may not for long."""
    ERROR = "error"
    """It does not work, or waits for a person."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    check: str
    """What kind of thing: `settings`, `plugin`, `extra`, `reach`, `clock`, `journal`, `sqlite`,
    `work`, `doubt`, `deliveries`, `secrets` or `archive`."""
    subject: str
    """Which one: a connection's name, a plugin's, a file."""
    message: str
    """How it is."""
    remedy: str = ""
    """What to do; empty if there is nothing."""

    @classmethod
    def ok(cls, check: str, subject: str, message: str) -> Finding:
        """Nothing to do."""
        return cls(Severity.OK, check, subject, message)

    @classmethod
    def warning(cls, check: str, subject: str, message: str, remedy: str) -> Finding:
        """Something to do in time."""
        return cls(Severity.WARNING, check, subject, message, remedy)

    @classmethod
    def error(cls, check: str, subject: str, message: str, remedy: str) -> Finding:
        """Something to do now."""
        return cls(Severity.ERROR, check, subject, message, remedy)
