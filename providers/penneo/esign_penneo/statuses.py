"""What Penneo's numbers and words mean, with the evidence for each.

Grades: V the vendor wrote it, T a third party's working code, I inferred, X sources contradict
each other. The number of a *signing request* is in no table: one reading of it turns "rejected"
into "signed" (X), so nothing is ever derived from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from esign_core.model import EnvelopeStatus, EventType

NEW, DELETED, ANONYMIZED = 0, 3, 8

CASE_FILE: Mapping[int | None, EnvelopeStatus] = {
    NEW: EnvelopeStatus.DRAFT,  # connector, V; "scheduled" while its time to be sent is ahead (I)
    1: EnvelopeStatus.SENT,  # "pending": connector, V; the signers' logs tell how far it is
    2: EnvelopeStatus.DECLINED,  # "rejected": connector, V
    DELETED: EnvelopeStatus.UNKNOWN,  # connector, V; cancelled, or ended before: see `snapshots`
    4: EnvelopeStatus.FINALIZING,  # "signed", documents not generated yet: connector, V
    5: EnvelopeStatus.COMPLETED,  # connector, V; the only one with documents to download
    6: EnvelopeStatus.FAILED,  # connector, V; of a *document* 6 is "quarantined" (V)
    7: EnvelopeStatus.EXPIRED,  # connector, V
    ANONYMIZED: EnvelopeStatus.UNKNOWN,  # connector, V; a mark, whatever its end was
}
"""`status` of a case file."""

FILTER: Mapping[EnvelopeStatus, int] = {
    EnvelopeStatus.DRAFT: 0,  # connector, V
    EnvelopeStatus.SCHEDULED: 0,  # I: new, with a time to be sent
    EnvelopeStatus.SENT: 1,  # connector, V
    EnvelopeStatus.IN_PROGRESS: 1,  # connector, V: pending, and some have signed
    EnvelopeStatus.DECLINED: 2,  # connector, V
    EnvelopeStatus.CANCELLED: 3,  # connector, V: deleted, which some were after their end
    EnvelopeStatus.FINALIZING: 4,  # connector, V
    EnvelopeStatus.COMPLETED: 5,  # connector, V
    EnvelopeStatus.FAILED: 6,  # connector, V
    EnvelopeStatus.EXPIRED: 7,  # connector, V
}
"""What to list for a neutral status."""


class LogEvent(IntEnum):
    """`eventType` in a signer's log. Source: SDKs (V)."""

    REQUEST_SENT = 0
    REQUEST_OPENED = 1
    OPENED = 2
    SIGNED = 3
    REJECTED = 4
    REMINDER_SENT = 5
    UNDELIVERABLE = 6
    REQUEST_ACTIVATED = 7
    FINALIZED = 8
    DELETED = 9

    @property
    def word(self) -> str:
        """As Penneo writes it: `requestSent`."""
        first, *rest = self.name.lower().split("_")
        return first + "".join(map(str.title, rest))


LOG: Mapping[int | None, LogEvent] = {event.value: event for event in LogEvent}
"""The events of a signer's log, by number."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a webhook event tells, in neutral words."""

    status: EnvelopeStatus | None = None
    signer: EventType | None = None
    needs_fetch: bool = False
    """Whether the vendor must be asked for the rest."""


_NOTHING = Meaning()

WEBHOOK: Mapping[str, Meaning] = {
    # Everybody has signed and the documents are ready: seed, V.
    "sign.casefile.completed": Meaning(EnvelopeStatus.COMPLETED),
    # seed, V; who was late is in the logs.
    "sign.casefile.expired": Meaning(EnvelopeStatus.EXPIRED, needs_fetch=True),
    # "There was an error on our part": seed, V.
    "sign.casefile.failed": Meaning(EnvelopeStatus.FAILED),
    # seed, V; who said no is in the logs.
    "sign.casefile.rejected": Meaning(EnvelopeStatus.DECLINED, needs_fetch=True),
    # The first e-mail has gone out: seed, V.
    "sign.signer.requestSent": Meaning(signer=EventType.SIGNER_NOTIFIED),
    # The e-mail was opened, so it has gone out; the documents were not: seed, V.
    "sign.signer.requestOpened": Meaning(signer=EventType.SIGNER_NOTIFIED),
    # The signing page was viewed: seed, V.
    "sign.signer.opened": Meaning(signer=EventType.SIGNER_VIEWED),
    "sign.signer.signed": Meaning(signer=EventType.SIGNER_SIGNED),  # seed, V
    # PHP, NET, V for the word; a signature by its name (I), so the logs are asked.
    "sign.signer.signedWithImageUploadAndNAP": Meaning(needs_fetch=True),
    # seed, V; the case file has an event of its own for it.
    "sign.signer.rejected": Meaning(signer=EventType.SIGNER_DECLINED),
    "sign.signer.reminderSent": Meaning(signer=EventType.SIGNER_REMINDED),  # seed, V
    "sign.signer.undeliverable": Meaning(signer=EventType.SIGNER_UNDELIVERABLE),  # seed, V
    # The case file was activated, or the signer's round has come: both mean that it is out (V).
    "sign.signer.requestActivated": Meaning(EnvelopeStatus.SENT),
    # seed, V: the case file was finalized; whether documents are ready is not said.
    "sign.signer.finalized": Meaning(needs_fetch=True),
    # seed, V: the signer was deleted; a deleted case file has no event of its own (I).
    "sign.signer.deleted": Meaning(needs_fetch=True),
    "sign.signer.transientBounce": _NOTHING,  # PHP, NET, V for the word; it will be tried again (I)
    "webhook.subscription.test": _NOTHING,  # PHP, NET, V
}
"""What each event of a webhook tells, by its dotted name."""

SUBSCRIBED = tuple(event for event, meaning in WEBHOOK.items() if meaning is not _NOTHING)
"""What a subscription asks for: every event that tells something."""
