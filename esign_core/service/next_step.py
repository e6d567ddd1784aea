"""What happens next to an envelope, and whether a person has to do something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from esign_core.model import Envelope, WorkItem, WorkKind

_LATE = timedelta(minutes=1)
_ORDER = (
    WorkKind.POLL_JOB,
    WorkKind.DISPATCH,
    WorkKind.LOOK_UP,
    WorkKind.ARCHIVE,
    WorkKind.REFRESH,
)
"""What matters most first."""
_DEEDS = {
    WorkKind.POLL_JOB: "{there} is making it, and is asked for it",
    WorkKind.DISPATCH: "It is a draft at {there}, which is sent",
    WorkKind.LOOK_UP: "It may have been sent, and is looked for at {there}",
    WorkKind.ARCHIVE: "Its signed files are brought into the archive",
    WorkKind.REFRESH: "{there} is asked for news",
}


@dataclass(frozen=True)
class NextStep:
    """What happens next to an envelope."""

    what: str
    """The kind of work; `decide` if a person has to, `nothing` if only a delivery brings news."""
    at: datetime | None
    """When, if it happens by itself."""
    text: str
    """The same for people."""


def next_step(envelope: Envelope, items: Sequence[WorkItem], now: datetime) -> NextStep | None:
    """What happens next; None if nothing has to.

    Args:
        envelope: As the journal knows it.
        items: What there is to do about it.
        now: The time.
    """
    mine = {item.kind: item for item in items if item.kind in _ORDER}
    for kind in _ORDER:
        item = mine.get(kind)
        if item is not None and item.dead_at is not None:
            return _given_up(envelope, item)
        if item is not None:
            return _planned(envelope, item, now)
    if envelope.is_in_doubt:
        text = (
            f"Nobody can say whether it was sent. A person has to look at {envelope.connection} "
            f"and decide: `esign resolve {envelope.id}` with --adopt REMOTE, --resend or --abandon."
        )
        return NextStep("decide", None, text)
    if envelope.is_final:
        return None
    text = f"Only a delivery brings news of it. `esign show {envelope.id} --fetch` looks."
    return NextStep("nothing", None, text)


def _planned(envelope: Envelope, item: WorkItem, now: datetime) -> NextStep:
    deed = _DEEDS[item.kind].format(there=envelope.connection)
    if item.leased_until is not None and item.leased_until > now:
        return NextStep(item.kind.value, now, f"{deed} just now.")
    at = f"{item.due_at:%Y-%m-%d %H:%M:%S} UTC"
    text = f"{deed} at {at}."
    if item.due_at < now - _LATE:
        text = f"{deed} as soon as a worker gets to it; it has been due since {at}."
    if item.error is not None:
        kind, _, _ = item.error.partition(":")  # the rest may quote what a vendor says
        text = f"{text} The last time failed with {kind}."
    return NextStep(item.kind.value, item.due_at, text)


def _given_up(envelope: Envelope, item: WorkItem) -> NextStep:
    kind, _, _ = (item.error or "").partition(":")
    ways = f"`esign work retry {item.id}` or `esign work drop {item.id}`"
    if envelope.is_in_doubt:
        ways = f"`esign work retry {item.id}` or `esign resolve {envelope.id}`"
    text = (
        f"{item.kind.value} was given up: it failed again and again, the last time with {kind}. "
        f"A person has to decide: {ways}."
    )
    return NextStep("decide", None, text)
