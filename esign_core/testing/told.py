"""What an account is told: four deals played to their ends, and every delivery about them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from esign_core.errors import WebhookRejected
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeDraft,
    Snapshot,
    Source,
    WebhookRequest,
    from_notice,
    from_snapshot,
    observe,
    seats_of,
)
from esign_core.provider import Webhooks
from esign_core.testing.account import Account
from esign_core.testing.receiver import Receiver
from esign_core.testing.stage import Changes, Particulars, Stage

REASONS = frozenset({"malformed_signature", "wrong_signature", "missing_header", "no_secret"})
"""Why a delivery may be refused whose signature was tampered with."""


@dataclass(frozen=True)
class Told:
    """The deals `signed`, `declined`, `cancelled` and `expired` of one account, as it heard them.

    Two signers act one after the other; in all but the first deal one of them signs.
    """

    particulars: Particulars
    account: Account
    draft: EnvelopeDraft
    deals: dict[str, Snapshot]
    """As they were sent."""
    deliveries: Sequence[WebhookRequest] = field(repr=False)
    """Oldest first, as they arrived."""

    @property
    def webhooks(self) -> Webhooks:
        """The adapter's reading of deliveries."""
        return webhooks_of(self.account)

    @property
    def secrets(self) -> list[bytes]:
        """What deliveries are signed with."""
        settings = self.account.provider.settings
        return [secret.get_secret_value().encode() for secret in settings.webhook_secrets]

    def is_good(self, delivery: WebhookRequest, **changes: Any) -> bool:
        """Whether a changed delivery is taken as signed.

        Raises:
            AssertionError: It is refused for a reason that is not one of the stable codes.
        """
        delivery = replace(delivery, **changes)
        try:
            verified = self.webhooks.verify(delivery, self.secrets, datetime.now(UTC))
        except WebhookRejected as error:
            if error.reason not in REASONS:
                raise AssertionError(f"{error.reason} is no reason to refuse a delivery") from error
            return False
        return verified.authenticity is not Authenticity.NONE

    def headers_that_matter(self, delivery: WebhookRequest) -> tuple[str, list[str]]:
        """The header of the signature, and those that it covers: found by leaving each out."""
        signature, covered = [], []
        for name in delivery.headers:
            rest = {n: value for n, value in delivery.headers.items() if n != name}
            try:
                verified = self.account.verify(replace(delivery, headers=rest))
            except WebhookRejected:
                covered.append(name)
            else:
                if verified.authenticity is Authenticity.NONE:
                    signature.append(name)
        (only,) = signature
        return only, covered

    def sent(self, deal: str) -> Envelope:
        """A deal as a journal knows it right after sending."""
        new = Envelope(
            "env_1",
            "test",
            self.particulars.provider,
            self.draft.title,
            seats=seats_of(self.draft),
        )
        seen = from_snapshot(
            new, self.deals[deal], source=Source.REPLY, received_at=datetime.now(UTC)
        )
        return observe(new, seen)[0]

    def heard(self, deal: str) -> tuple[Envelope, bool]:
        """A deal after all that was delivered about it, and whether a look was asked for."""
        envelope, needs_fetch = self.sent(deal), False
        for delivery in self.deliveries:
            for notice in self.webhooks.parse(delivery):
                if notice.remote_id == self.deals[deal].remote_id:
                    seen = from_notice(
                        envelope,
                        notice,
                        authenticity=self.account.verify(delivery).authenticity,
                        received_at=datetime.now(UTC),
                    )
                    envelope, _ = observe(envelope, seen)
                    needs_fetch = needs_fetch or notice.needs_fetch
        return envelope, needs_fetch

    def looked_at(self, envelope: Envelope) -> Envelope:
        """A deal after one look at the vendor."""
        snapshot = self.account.connection.fetch(envelope.remote_id or "")
        seen = from_snapshot(envelope, snapshot, source=Source.POLL, received_at=datetime.now(UTC))
        return observe(envelope, seen)[0]


@contextmanager
def telling(particulars: Particulars, dialect: Changes, draft: EnvelopeDraft) -> Generator[Told]:
    """What an account is told about deals of `draft`, in one dialect of its vendor."""
    with (
        Receiver() as receiver,
        Stage(particulars, **dialect) as stage,
        stage.account(webhook_url=receiver.url) as account,
    ):
        deals = play(account, draft)
        yield Told(particulars, account, draft, deals, tuple(receiver.received))


def play(account: Account, draft: EnvelopeDraft) -> dict[str, Snapshot]:
    """One deal that is signed, one declined, one called off, and one that nobody cares for.

    `draft` has two signers in an order, and no last day.
    """
    names = ("signed", "declined", "cancelled", "expired")
    deals = {name: account.send(draft) for name in names}
    account.sign(deals["signed"].remote_id)
    account.sign(deals["declined"].remote_id, at_most=1)
    last = account.control.links(deals["declined"].remote_id)[-1]
    account.control.decline_page(last, "Too dear")
    account.sign(deals["cancelled"].remote_id, at_most=1)
    account.connection.remind(deals["cancelled"].remote_id)
    _ = account.connection.cancel(deals["cancelled"].remote_id)
    account.sign(deals["expired"].remote_id, at_most=1)
    account.let_pass(timedelta(days=32).total_seconds())
    _ = account.control.settle()
    return deals


def webhooks_of(account: Account) -> Webhooks:
    """The adapter's reading of deliveries.

    Raises:
        AssertionError: It has none.
    """
    found = account.provider.webhooks
    if found is None:
        raise AssertionError(f"{account.provider.name} has no webhooks")
    return found
