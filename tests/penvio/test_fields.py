"""Every documented field of creation, as the simulator's signers and receiver meet it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core import Connection, EnvelopeDraft, EnvelopeStatus, Signer, TemplateRef
from esign_core.sandbox import Control
from esign_penvio.sandbox import PenvioSandbox

if TYPE_CHECKING:
    from tests.penvio.conftest import Receiver

SECRET = "a secret of the caller's"


@pytest.fixture
def connection(sandbox: PenvioSandbox, receiver: Receiver) -> Iterator[Connection]:
    """A connection that wants webhooks, signed with a secret of its own."""
    settings: dict[str, Any] = {**sandbox.connect(receiver.url), "webhook_secrets": [SECRET]}
    with Connection("penvio", **settings) as connection:
        yield connection


def lease(**fields: Any) -> EnvelopeDraft:
    """A draft with all that Penvio can do."""
    lars = Signer(name="Lars", email="lars@example.com", role="landlord", order=1)
    jane = Signer(name="Jane Doe", email="jane@example.com", role="tenant", order=2)
    given: dict[str, Any] = {
        "title": "Lease 14",
        "template": TemplateRef("lease"),
        "signers": [jane, lars],
        "subject": "Your lease",
        "message": "Read first.\nThen sign.",
        "metadata": {"orderId": "PO-12345"},
        "expires_in_days": 14,
    }
    return EnvelopeDraft(**{**given, **fields})


def test_signers_are_mailed_in_order_in_the_callers_words(
    connection: Connection, control: Control
) -> None:
    """Subject, message, order and the people themselves; a reminder says it again."""
    sent = connection.send(lease())
    (first,) = control.mail()
    assert (first["name"], first["to"]) == ("Lars", "lars@example.com")
    assert (first["subject"], first["text"]) == ("Your lease", "Read first.\nThen sign.")
    connection.remind(sent.remote_id)
    control.sign_page(first["link"])
    mails = control.mail()
    assert [(mail["what"], mail["name"]) for mail in mails] == [
        ("asked", "Lars"),
        ("reminded", "Lars"),
        ("asked", "Jane Doe"),
    ]
    control.sign_page(mails[-1]["link"])
    assert connection.fetch(sent.remote_id).status is EnvelopeStatus.COMPLETED


def test_without_order_all_are_asked_at_once(connection: Connection, control: Control) -> None:
    """And without a subject they read the title."""
    people = [("Jane Doe", "tenant"), ("Lars", "landlord")]
    signers = [Signer(name=name, email=f"{role}@example.com", role=role) for name, role in people]
    connection.send(lease(signers=signers, subject=None))
    told = [(mail["name"], mail["subject"]) for mail in control.mail()]
    assert told == [("Jane Doe", "Lease 14"), ("Lars", "Lease 14")]


def test_all_of_it_reads_the_same_on_the_way_back(connection: Connection) -> None:
    """The title too, though Penvio has only the subject."""
    draft = lease().marked("esign:env_1")
    sent = connection.send(draft)
    found = connection.fetch(sent.remote_id)
    assert (found.title, found.metadata, found.mark) == (
        "Lease 14",
        {"orderId": "PO-12345"},
        "esign:env_1",
    )
    assert (found.raw["subject"], found.raw["message"]) == (draft.subject, draft.message)
    assert [(s.name, s.email, s.role, s.order) for s in found.signers] == [
        (s.name, s.email, s.role, s.order) for s in draft.signers
    ]
    assert found.raw["webhookUrl"] is not None
    listed, _ = connection.list()
    assert [each.title for each in listed] == ["Lease 14"]


@pytest.mark.parametrize("days", [None, 3])
def test_it_expires_when_it_was_to(
    connection: Connection, control: Control, days: int | None
) -> None:
    """After the draft's days, or after the thirty that Penvio documents; at midnight (V)."""
    sent = connection.send(lease(expires_in_days=days))
    control.advance(timedelta(days=(days or 30) - 1).total_seconds() - 60)
    assert connection.fetch(sent.remote_id).status is EnvelopeStatus.SENT
    control.advance(timedelta(days=1, minutes=1).total_seconds())
    assert connection.fetch(sent.remote_id).status is EnvelopeStatus.EXPIRED


def test_webhooks_go_to_the_settings_address_signed_with_the_first_secret(
    connection: Connection, control: Control, receiver: Receiver
) -> None:
    """They are told with each envelope: Penvio has no other place for them."""
    sent = connection.send(lease())
    control.settle()
    ((body, signature),) = receiver.taken
    assert json.loads(body)["data"]["envelopeId"] == sent.remote_id
    assert hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest() == signature
