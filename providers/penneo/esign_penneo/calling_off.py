"""Whether a case file can be deleted now, without destroying a contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from esign_core.errors import EnvelopeClosed, Outcome, Refused, Unavailable
from esign_core.model import EnvelopeStatus, Snapshot
from esign_core.provider import Flow

FRESH_SECONDS = 10.0
"""How long after a look began the deletion may leave: the last signature may come meanwhile."""
_LOOKS = 3


def stoppable_for(fetch: Callable[[], Flow[Snapshot]], now: Callable[[], datetime]) -> Flow[float]:
    """Look at it; answers for how many seconds what was seen is good enough to delete it.

    Args:
        fetch: Looks at it.
        now: The time.

    Raises:
        EnvelopeClosed: It has ended, or everybody has signed.
        Refused: Nobody knows what its state means.
        Unavailable: Every look took too long.
    """
    for _ in range(_LOOKS):
        began_at = now()
        expect_stoppable((yield from fetch()))
        left = FRESH_SECONDS - (now() - began_at).total_seconds()
        if left > 0:
            return left
    raise Unavailable(
        f"it was looked at {_LOOKS} times, and each look took over {FRESH_SECONDS:g} s: somebody "
        "may have signed meanwhile, and deleting it would destroy a contract. Nothing was changed.",
        outcome=Outcome.NOT_DONE,
    )


def expect_stoppable(snapshot: Snapshot) -> None:
    """Do nothing if no contract would be destroyed by deleting it.

    Raises:
        EnvelopeClosed: It has ended, or everybody has signed.
        Refused: Nobody knows what its state means.
    """
    if snapshot.status.is_final or snapshot.status is EnvelopeStatus.FINALIZING:
        told = f"it is {snapshot.status} already; nothing was changed."
        raise EnvelopeClosed(told, raw=snapshot.raw)
    if snapshot.status is EnvelopeStatus.UNKNOWN:
        raise Refused(
            "its state is one that this version does not know, and deleting it could destroy "
            "a signed contract. Nothing was changed; look at it in Penneo's web application.",
            raw=snapshot.raw,
        )
