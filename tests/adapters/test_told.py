"""What deliveries tell: the same story as a look at the vendor, and no more than is proven."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from esign_core import (
    Authenticity,
    EnvelopeDraft,
    EnvelopeStatus,
    NotSupported,
    Refused,
    SignerStatus,
    WebhookRequest,
)
from esign_core.provider import Webhooks
from esign_core.testing.receiver import Receiver
from esign_core.testing.stage import Particulars, Stage
from esign_core.testing.told import Told, play, webhooks_of


def test_deliveries_tell_of_both_signatures(told: Told) -> None:
    """Who signed is known from deliveries alone, by person, with the time; a look adds the end."""
    envelope, needs_fetch = told.heard("signed")
    assert [signer.status for signer in envelope.signers] == [SignerStatus.SIGNED] * 2
    times = [
        evidence.occurred_at
        for fact, evidence in envelope.facts.items()
        if fact.type == "signer.signed"
    ]
    assert len(times) == 2
    assert None not in times
    if envelope.status is not EnvelopeStatus.COMPLETED:
        assert envelope.status is EnvelopeStatus.FINALIZING
        assert needs_fetch, "else nobody would ever look"
    assert told.looked_at(envelope).status is EnvelopeStatus.COMPLETED


@pytest.mark.parametrize(
    ("deal", "end"),
    [
        ("signed", EnvelopeStatus.COMPLETED),
        ("declined", EnvelopeStatus.DECLINED),
        ("cancelled", EnvelopeStatus.CANCELLED),
        ("expired", EnvelopeStatus.EXPIRED),
    ],
)
def test_deliveries_and_looks_agree(told: Told, deal: str, end: EnvelopeStatus) -> None:
    """What is heard and what is seen end in the same state, without a conflict."""
    by_ear = told.looked_at(told.heard(deal)[0])
    by_eye = told.looked_at(told.sent(deal))
    assert by_ear.status is by_eye.status is end
    assert not by_ear.has_conflict
    assert [s.status for s in by_ear.signers] == [s.status for s in by_eye.signers]
    assert set(by_eye.facts) <= set(by_ear.facts)


def test_decline_is_heard_with_who(told: Told) -> None:
    """Who said no is known from deliveries, or a look is asked for that tells."""
    envelope, needs_fetch = told.heard("declined")
    assert envelope.status is EnvelopeStatus.DECLINED
    last = envelope.signers[-1].status
    assert last is SignerStatus.DECLINED or needs_fetch
    assert told.looked_at(envelope).signers[-1].status is SignerStatus.DECLINED


def test_repeated_delivery_says_the_same(told: Told) -> None:
    """A delivery that comes again is the same event: by its key, or by all that it says."""
    for delivery in told.deliveries:
        again = WebhookRequest.of(delivery.headers.items(), delivery.body)
        assert list(told.webhooks.parse(again)) == list(told.webhooks.parse(delivery))
    notices = [n for delivery in told.deliveries for n in told.webhooks.parse(delivery)]
    keys = [notice.key for notice in notices if notice.key is not None]
    assert len(keys) in {0, len(notices)}
    assert len(set(keys)) == len(keys)


def test_deliveries_hold_no_signing_link(told: Told) -> None:
    """What is kept of a delivery opens nothing."""
    links = {link.rpartition("/")[2] for link in told.account.control.links()}
    raw = [str(n.raw) for delivery in told.deliveries for n in told.webhooks.parse(delivery)]
    assert raw
    assert not [text for text in raw for link in links if link in text]


def test_unsigned_delivery_proves_nothing(
    particulars: Particulars, ordered_lease: EnvelopeDraft
) -> None:
    """What a vendor sends unsigned is read, says the same ids, and counts as no proof at all."""
    with Receiver() as receiver, Stage(particulars) as stage:
        ask = particulars.ask_for_unsigned
        url = None if ask else receiver.url
        with stage.account(settings=particulars.unsigned_settings, webhook_url=url) as account:
            if ask is not None:
                ask(account, receiver)
            deals = play(account, ordered_lease)
            webhooks = webhooks_of(account)
            assert receiver.received
            assert {account.verify(each).authenticity for each in receiver.received} == {
                Authenticity.NONE
            }
            notices = [notice for each in receiver.received for notice in webhooks.parse(each)]
            assert {notice.remote_id for notice in notices} == {
                deal.remote_id for deal in deals.values()
            }
            assert not [each for each in receiver.received if webhooks.confirmation_token(each)]


def test_subscription_begins_and_ends(stage: Stage, ordered_lease: EnvelopeDraft) -> None:
    """Where the API can, deliveries are set up, proven with the new secret, and ended by it."""
    for account in stage.each_way():
        with Receiver() as receiver:
            webhooks = webhooks_of(account)
            if type(webhooks).subscribe is Webhooks.subscribe:
                with pytest.raises(NotSupported, match=webhooks.how_to_set_up[:20]):
                    account.connection.subscribe(receiver.url)
                with pytest.raises(NotSupported):
                    account.connection.unsubscribe("1")
                continue
            made = account.connection.subscribe(receiver.url)
            assert made.secret is not None
            assert made.secret not in repr(made)
            with pytest.raises(Refused):
                account.connection.subscribe(receiver.url)
            known = {each.id: each for each in account.ask(webhooks.subscriptions())}
            assert known[made.id].url == receiver.url
            account.ask(webhooks.test(made.id))
            sent = account.send(ordered_lease)
            account.control.settle()
            now = datetime.now(UTC)
            about = {n.remote_id for each in receiver.received for n in webhooks.parse(each)}
            assert about - {None} == {sent.remote_id}
            for each in receiver.received:
                verified = webhooks.verify(each, [made.secret.encode()], now)
                assert verified.authenticity is stage.particulars.authenticity
            account.connection.unsubscribe(made.id)
            before = len(receiver.received)
            account.connection.cancel(sent.remote_id)
            account.send(ordered_lease)
            account.control.settle()
            assert len(receiver.received) == before
