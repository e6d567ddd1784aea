"""Connections that break anywhere on their way to a real adapter's vendor, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from esign_core import EsignError, Outcome, Unavailable
from tests.promises.proxy.faulty import Break

if TYPE_CHECKING:
    from tests.promises.proxy.conftest import Account

FAULTS = [
    (Break.RESET_BEFORE, 0),
    *((Break.CUT_REQUEST, at) for at in (1, 40, 200, 400, -200, -1)),
    (Break.LOSE_ANSWER, 0),
    *((Break.CUT_ANSWER, at) for at in (0, 1, 20, 100, -20, -1)),
]
ATTEMPTS = 5


@pytest.mark.promise("S4", "S1")
@pytest.mark.parametrize(("what", "at"), FAULTS)
def test_request_that_creates_reaches_the_vendor_once_at_the_most(
    account: Account, what: Break, at: int
) -> None:
    """Wherever the connection breaks, it is not made again, and nobody is asked twice."""
    account.proxy.fault(what, account.creating, at=at, times=100)
    with pytest.raises(EsignError) as caught:
        account.send()
    came, reached = account.proxy.count(account.creating)
    assert (came, reached <= 1) == (1, True)
    asked = account.asked()
    assert len(asked) == len(set(asked))
    assert len({envelope for envelope, _ in asked}) <= 1
    assert caught.value.outcome is Outcome.UNCERTAIN


@pytest.mark.negative_control("S4", "S1")
def test_who_tries_again_whatever_it_was_asks_twice(at_penneo: Account) -> None:
    """The usual loop around a request, through the same proxy."""
    at_penneo.proxy.fault(Break.LOSE_ANSWER, at_penneo.creating)
    with pytest.raises(EsignError):
        at_penneo.send()
    at_penneo.send()
    assert at_penneo.proxy.count(at_penneo.creating) == (2, 2)
    assert len({envelope for envelope, _ in at_penneo.asked()}) == 2


@pytest.mark.promise("S4")
def test_reading_goes_on_until_it_is_answered(account: Account) -> None:
    """What only reads is asked again, wherever the connection breaks, and as often as it takes."""
    sent = account.send()
    for what, at in FAULTS:
        before = len(account.proxy.came)
        account.proxy.fault(what, f"/{sent.remote_id}", at=at, times=2)
        assert account.connection.fetch(sent.remote_id).remote_id == sent.remote_id
        looks = [one for one in account.proxy.came[before:] if one.endswith(f"/{sent.remote_id}")]
        assert len(looks) == 3, (what, at)


@pytest.mark.promise("S4")
def test_reading_ends_where_nobody_answers(account: Account) -> None:
    """A vendor that never answers is asked a few times, and no more."""
    sent = account.send()
    before = len(account.proxy.came)
    account.proxy.fault(Break.LOSE_ANSWER, f"/{sent.remote_id}", times=100)
    with pytest.raises(Unavailable):
        account.connection.fetch(sent.remote_id)
    assert len(account.proxy.came) - before == ATTEMPTS
