"""Webhook secrets that are changed under load, in several processes."""

from __future__ import annotations

import pytest

from esign_core.journal import Journal
from tests.promises.multi.rotating import Receiver, Vendor

OLD, NEW = "an-old-webhook-secret", "a-new-webhook-secret"
PLACES = 2
EACH = 40
"""Deliveries between two steps."""


def kept(url: str) -> list[str]:
    """The ids of all events in the inbox."""
    journal = Journal(url)
    entries = journal.read(lambda tx: tx.inbox.list(limit=100_000))
    journal.close()
    return sorted(each.request.body.decode().split('"key": "')[1].split('"')[0] for each in entries)


@pytest.mark.promise("A3", "R1")
def test_no_delivery_is_lost_while_secrets_are_changed(journal_url: str) -> None:
    """First everybody knows the new one, then it is used, then the old one is taken out."""
    with Receiver(journal_url, PLACES, [OLD]) as receiver:
        vendor = Vendor(receiver.ports, [OLD])
        vendor.begin()
        try:
            vendor.wait_for(EACH)
            receiver.rotate([OLD, NEW])
            vendor.secrets = [OLD, NEW]
            vendor.wait_for(EACH)
            receiver.rotate([NEW, OLD])
            vendor.wait_for(EACH)
            vendor.secrets = [NEW]
            vendor.wait_for(EACH)
            receiver.rotate([NEW])
            vendor.wait_for(EACH)
        finally:
            vendor.end()
        assert set(vendor.answers) == {204}
        assert vendor.answers.total() >= 5 * EACH
        assert {vendor.deliver(OLD, port) for port in receiver.ports} == {401}
    assert kept(journal_url) == sorted(vendor.delivered)


@pytest.mark.negative_control("A3")
def test_using_a_secret_before_everybody_knows_it_would_refuse_deliveries(
    journal_url: str,
) -> None:
    """The control: the new secret in front of the old one in one process, unknown to the next."""
    with Receiver(journal_url, PLACES, [OLD]) as receiver:
        vendor = Vendor(receiver.ports, [OLD, NEW])
        receiver.rotate([NEW, OLD], places=[0])
        assert [vendor.deliver(NEW, port) for port in receiver.ports] == [204, 401]
        assert [vendor.deliver(OLD, port) for port in receiver.ports] == [204, 204]
