"""What was planned for a case file and comes when it is too late for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from esign_core.sandbox import Act

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

JANE = {"name": "Jane", "email": "jane@example.com"}


def test_documents_of_a_deleted_case_file_are_never_made(customer: Customer) -> None:
    """It was destroyed between the last signature and its documents."""
    envelope = customer.send(JANE)
    envelope.sign_all()
    customer.ask("DELETE", envelope.path)
    customer.wait(days=1)
    assert "completed" not in [what for what, _ in customer.ledger()]


def test_time_that_runs_out_after_the_end_changes_nothing(customer: Customer) -> None:
    """Neither the case file's own, nor that of a signer who has signed or never did."""
    until = int((customer.now + timedelta(days=1)).timestamp())
    signed = customer.send({**JANE, "expireAt": until}, {"name": "Bo", "expireAt": until})
    signed.sign_all()
    declined = customer.send({**JANE, "expireAt": until})
    declined.act(Act.DECLINE)
    customer.wait(days=60)
    assert (signed.status(), declined.status()) == (5, 2)
    assert "expired" not in [what for what, _ in customer.ledger()]


def test_what_is_destroyed_is_not_anonymized(open_account: Callable[..., Customer]) -> None:
    """There is nothing left of it that could be."""
    customer = open_account(anonymizes_after=timedelta(days=90))
    envelope = customer.send(JANE)
    envelope.sign_all()
    customer.wait(days=1)
    customer.ask("DELETE", envelope.path)
    customer.wait(days=90)
    assert customer.ask("GET", envelope.path).status == 404


def test_signers_of_a_deleted_case_file_have_nothing_to_sign(
    open_account: Callable[..., Customer],
) -> None:
    """Their requests read as deleted, in both lists of numbers."""
    for numbers, status in (("sdk", 3), ("postman", 9)):
        customer = open_account(signing_request_numbers=numbers)
        envelope = customer.send(JANE)
        customer.ask("DELETE", envelope.path)
        (signer,) = envelope.json()["signers"]
        assert signer["signingRequest"]["status"] == status
        assert envelope.state() == "closed"
