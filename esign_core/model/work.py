"""One thing that is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WorkKind(StrEnum):
    """What there can be to do."""

    POLL_JOB = "poll_job"
    """Ask what has become of an envelope that the vendor is making."""
    DISPATCH = "dispatch"
    """Send a draft that is stored at the vendor."""
    LOOK_UP = "look_up"
    """Look for an envelope of which nobody knows whether it was sent."""
    REFRESH = "refresh"
    """Look how an envelope stands."""
    IDENTIFY = "identify"
    """Look whose envelope a delivery was about."""
    RECONCILE = "reconcile"
    """List the envelopes of an account, and find those that stand otherwise than is known."""
    ARCHIVE = "archive"
    """Bring the signed files of a completed envelope into the archive."""
    TELL = "tell"
    """Tell a plugin of what is new."""
    TELL_AGAIN = "tell_again"
    """Tell a plugin once more of an event on which it failed."""
    DROP_RAW = "drop_raw"
    """Drop headers and bodies of deliveries that are older than `keep_raw_days`."""

    @property
    def is_of_an_envelope(self) -> bool:
        """Whether its subject is our id of an envelope."""
        return self not in _OF_NO_ENVELOPE


_OF_NO_ENVELOPE = frozenset(
    {
        WorkKind.DROP_RAW,
        WorkKind.IDENTIFY,
        WorkKind.RECONCILE,
        WorkKind.TELL,
        WorkKind.TELL_AGAIN,
    }
)


@dataclass(frozen=True)
class WorkItem:
    """One thing to do. There is at most one of a kind for a subject."""

    id: int
    """Its number."""
    kind: WorkKind
    """What there is to do."""
    subject: str
    """What it is about: our id of an envelope, or what is in its place for the kinds without."""
    connection: str
    """The account that it is done with; empty if it takes none."""
    due_at: datetime
    """When it is to be done; while somebody is at it, when others take it over."""
    attempts: int
    """How often it was begun since it last went well; this time not counted."""
    pause_seconds: int
    """How long the last pause was."""
    error: str | None
    """What went wrong the last time."""
    leased_until: datetime | None = None
    """Until when it belongs to who has claimed it."""
    dead_at: datetime | None = None
    """When it was given up; `error` says why."""
